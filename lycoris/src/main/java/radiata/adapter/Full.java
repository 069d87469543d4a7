package radiata.adapter;

import java.util.List;
import java.util.function.Function;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.ShapeMismatch;

/// A difference stored as it is: `diff` and `diff_b` of LyCORIS' Full, `w_norm` and `b_norm` of its
/// Norm (LyCORIS 3.3.0 `modules/full.py`, `norms.py`), the bias of a PEFT `lora_B`. It has the
/// shape of the weight or bias, of any number of dimensions.
public record Full<T>(T diff, Scale scale) implements Additive<T> {
  @Override
  public T delta(T weight, Algebra<T> on, Profile as) {
    return on.affine(ShapeMismatch.reshaped(on, diff, on.shape(weight)), scale.under(as), 0);
  }

  @Override
  public <U> Full<U> map(Function<? super T, ? extends U> f) {
    return new Full<>(f.apply(diff), scale);
  }

  @Override
  public List<T> tensors() {
    return List.of(diff);
  }

  @Override
  public Shape madeFor(Function<? super T, Shape> shapes) {
    return shapes.apply(diff);
  }
}
