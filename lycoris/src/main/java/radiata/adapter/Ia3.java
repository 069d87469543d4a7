package radiata.adapter;

import java.util.List;
import java.util.function.Function;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.ShapeMismatch;

/// (IA)^3: every output row or input column of the weight is scaled, `delta = W * factor`; a bias
/// stays (LyCORIS 3.3.0 `modules/ia3.py`).
///
/// @param factor one number per output or per input, `[c]` or `[1, c, 1, 1]`
/// @param onInput whether the numbers belong to the inputs
public record Ia3<T>(T factor, boolean onInput) implements Additive<T> {
  @Override
  public T delta(T weight, Algebra<T> on, Profile as) {
    Shape to = on.shape(weight);
    int at = onInput ? 1 : 0;
    long count = on.shape(factor).elements();
    if (to.rank() <= at || to.dim(at) != count) {
      throw new ShapeMismatch(
          "%d factors for the %s of a weight %s"
              .formatted(count, onInput ? "inputs" : "outputs", to));
    }
    long[] dims = new long[to.rank()];
    java.util.Arrays.fill(dims, 1);
    dims[at] = count;
    return on.times(weight, on.reshape(factor, Shape.of(dims)));
  }

  @Override
  public <U> Ia3<U> map(Function<? super T, ? extends U> f) {
    return new Ia3<>(f.apply(factor), onInput);
  }

  @Override
  public List<T> tensors() {
    return List.of(factor);
  }

  /// What is known of the weight is one of its dimensions.
  @Override
  public Shape madeFor(Function<? super T, Shape> shapes) {
    return Shape.of(shapes.apply(factor).elements());
  }
}
