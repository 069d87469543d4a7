package radiata.adapter;

import java.util.List;
import java.util.function.Function;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.ShapeMismatch;

/// LoRA and LoCon: `delta = alpha/rank * up @ down` (LyCORIS 3.3.0 `modules/locon.py`; kohya
/// sd-scripts `networks/lora.py`; PEFT `lora_B @ lora_A`), with a Tucker core on convolutions where
/// the file has `lora_mid`.
public record Lora<T>(Factor<T> factor, Scale scale) implements Additive<T> {
  @Override
  public T delta(T weight, Algebra<T> on, Profile as) {
    if (factor instanceof Factor.Tucker<T>(T up, T _, T down, boolean _) && !as.readsMid()) {
      return on.affine(flat(new Factor.Split<>(up, down), weight, on), scale.under(as), 0);
    }
    T product = factor.expand(on);
    return on.affine(ShapeMismatch.reshaped(on, product, on.shape(weight)), scale.under(as), 0);
  }

  /// The product without its core, the same at every kernel position: `[out, in, 1, 1]`.
  private static <T> T flat(Factor.Split<T> pair, T weight, Algebra<T> on) {
    Shape to = on.shape(weight);
    long[] dims = to.dims();
    for (int i = 2; i < dims.length; i++) {
      dims[i] = 1;
    }
    return ShapeMismatch.reshaped(on, pair.expand(on), Shape.of(dims));
  }

  @Override
  public <U> Lora<U> map(Function<? super T, ? extends U> f) {
    return new Lora<>(factor.map(f), scale);
  }

  @Override
  public List<T> tensors() {
    return factor.tensors();
  }

  @Override
  public Shape madeFor(Function<? super T, Shape> shapes) {
    return factor.shape(shapes);
  }
}
