package radiata.adapter;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.ShapeMismatch;

/// LoKr: `delta = scale * kron(small, large)`, that is `delta[p*c + q, u*d + v, k] = small[p, u]
/// large[q, v, k]` (LyCORIS 3.3.0 `modules/lokr.py`). The small factor `[a, b]` is the outer one
/// and the large one `[c, d, k...]` keeps the kernel; either may be whole, a product, or Tucker.
///
/// @param scale alpha/rank; none where both factors are whole, whatever alpha says
public record Lokr<T>(Factor<T> small, Factor<T> large, Scale scale) implements Additive<T> {
  @Override
  public T delta(T weight, Algebra<T> on, Profile as) {
    Shape to = on.shape(weight);
    T outer = small.expand(on);
    T inner = large.expand(on);
    Shape o = on.shape(outer).matrix();
    Shape i = on.shape(inner).matrix();
    long kernel = kernel(to);
    if (i.dim(1) % Math.max(1, kernel) != 0) {
      throw misfit(on.shape(outer), on.shape(inner), to);
    }
    long d = i.dim(1) / Math.max(1, kernel);
    T product =
        on.times(
            on.reshape(outer, Shape.of(o.dim(0), 1, o.dim(1), 1, 1)),
            on.reshape(inner, Shape.of(1, i.dim(0), 1, d, kernel)));
    if (o.dim(0) * i.dim(0) != to.matrix().dim(0) || o.dim(1) * i.dim(1) != to.matrix().dim(1)) {
      throw misfit(on.shape(outer), on.shape(inner), to);
    }
    return on.affine(on.reshape(product, to), scale.ofProduct(as), 0);
  }

  private static long kernel(Shape weight) {
    long kernel = 1;
    for (int i = 2; i < weight.rank(); i++) {
      kernel *= weight.dim(i);
    }
    return kernel;
  }

  private static ShapeMismatch misfit(Shape small, Shape large, Shape weight) {
    return new ShapeMismatch(
        "the Kronecker product of %s and %s does not give %s".formatted(small, large, weight));
  }

  @Override
  public <U> Lokr<U> map(Function<? super T, ? extends U> f) {
    return new Lokr<>(small.map(f), large.map(f), scale);
  }

  @Override
  public List<T> tensors() {
    List<T> all = new ArrayList<>(small.tensors());
    all.addAll(large.tensors());
    return List.copyOf(all);
  }

  @Override
  public Shape madeFor(Function<? super T, Shape> shapes) {
    Shape outer = small.shape(shapes).matrix();
    Shape inner = large.shape(shapes);
    if (inner.rank() < 2) {
      throw new ShapeMismatch("a large factor of LoKr " + inner + " is no matrix");
    }
    long[] dims = inner.dims();
    dims[0] = Math.multiplyExact(dims[0], outer.dim(0));
    dims[1] = Math.multiplyExact(dims[1], outer.dim(1));
    return Shape.of(dims);
  }
}
