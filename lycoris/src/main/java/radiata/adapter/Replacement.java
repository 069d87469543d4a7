package radiata.adapter;

import java.util.List;
import java.util.function.Function;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.ShapeMismatch;

/// A weight or bias stored whole, which takes the place of the base's whatever the strength: PEFT's
/// `modules_to_save` and trained biases (PEFT 0.21.0 `utils/other.py` `ModulesToSaveWrapper`),
/// ComfyUI's `set_weight` (ComfyUI 0.3.64 `comfy/lora.py`).
public record Replacement<T>(T whole) implements Adapter<T> {
  @Override
  public T bake(Site<T> at, double strength, Algebra<T> on, Profile as) {
    return ShapeMismatch.reshaped(on, whole, on.shape(at.weight()));
  }

  @Override
  public <U> Replacement<U> map(Function<? super T, ? extends U> f) {
    return new Replacement<>(f.apply(whole));
  }

  @Override
  public List<T> tensors() {
    return List.of(whole);
  }

  @Override
  public Shape madeFor(Function<? super T, Shape> shapes) {
    return shapes.apply(whole);
  }
}
