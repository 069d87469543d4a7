package radiata.adapter;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.ShapeMismatch;

/// LoHa: `delta = alpha/rank * (one o two)`, the elementwise product of two low-rank factors
/// (LyCORIS 3.3.0 `modules/loha.py`). Without Tucker cores a factor is `hada_w*_a [out, r]` times
/// `hada_w*_b [r, in*k]`, for convolutions too.
public record Loha<T>(Factor<T> one, Factor<T> two, Scale scale) implements Additive<T> {
  @Override
  public T delta(T weight, Algebra<T> on, Profile as) {
    T product = on.times(one.expand(on), two.expand(on));
    return on.affine(ShapeMismatch.reshaped(on, product, on.shape(weight)), scale.ofProduct(as), 0);
  }

  @Override
  public <U> Loha<U> map(Function<? super T, ? extends U> f) {
    return new Loha<>(one.map(f), two.map(f), scale);
  }

  @Override
  public List<T> tensors() {
    List<T> all = new ArrayList<>(one.tensors());
    all.addAll(two.tensors());
    return List.copyOf(all);
  }

  @Override
  public Shape madeFor(Function<? super T, Shape> shapes) {
    Shape left = one.shape(shapes);
    Shape right = two.shape(shapes);
    if (!left.equals(right)) {
      throw new ShapeMismatch(
          "the factors of LoHa give " + left + " and " + right + ", which must be equal");
    }
    return left;
  }
}
