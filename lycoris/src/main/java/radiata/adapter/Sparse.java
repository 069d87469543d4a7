package radiata.adapter;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;

/// A delta with a sparse remainder beside it: what LyCORIS' extractor keeps of a difference that
/// its low-rank part misses (LyCORIS 3.3.0 `utils/__init__.py` `make_sparse`). The remainder is not
/// scaled by alpha.
///
/// @param indices `bias_indices`, `[2, n]`: rows and columns of the weight as a matrix
/// @param values `bias_values`, `[n]`
public record Sparse<T>(Additive<T> inner, T indices, T values) implements Additive<T> {
  @Override
  public T delta(T weight, Algebra<T> on, Profile as) {
    Shape to = on.shape(weight);
    T remainder = on.scatter(indices, values, to.matrix());
    return on.plus(inner.delta(weight, on, as), on.reshape(remainder, to));
  }

  @Override
  public <U> Sparse<U> map(Function<? super T, ? extends U> f) {
    return new Sparse<>(inner.map(f), f.apply(indices), f.apply(values));
  }

  @Override
  public List<T> tensors() {
    List<T> all = new ArrayList<>(inner.tensors());
    all.add(indices);
    all.add(values);
    return List.copyOf(all);
  }

  @Override
  public Shape madeFor(Function<? super T, Shape> shapes) {
    return inner.madeFor(shapes);
  }
}
