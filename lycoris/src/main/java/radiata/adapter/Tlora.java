package radiata.adapter;

import java.util.List;
import java.util.function.Function;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.ShapeMismatch;

/// T-LoRA: `delta = alpha/rank * (p diag(lambda) q - p0 diag(lambda0) q0)`, where the part taken
/// off is the one it started from: the first `rank` singular vectors of the weight, which the file
/// does not hold (LyCORIS 72d7e5a `modules/tlora.py`). On the training base it is exact; on another
/// one nothing can be right. Linear layers and 1x1 kernels only.
///
/// @param p `[out, r]`, with any number of trailing ones, as q
/// @param q `[r, in]`
/// @param lambda `[1, r]`
public record Tlora<T>(T p, T q, T lambda, Scale scale) implements Additive<T> {
  @Override
  public T delta(T weight, Algebra<T> on, Profile as) {
    Shape to = on.shape(weight);
    Shape q2 = on.shape(q).matrix();
    int rank = Math.toIntExact(q2.dim(0));
    if (to.matrix().dim(1) != q2.dim(1) || to.dim(0) != on.shape(p).dim(0)) {
      throw new ShapeMismatch(
          "p %s and q %s are for another weight than %s".formatted(on.shape(p), on.shape(q), to));
    }
    T scaled = on.times(on.reshape(p, on.shape(p).matrix()), on.reshape(lambda, Shape.of(1, rank)));
    T now = on.matmul(scaled, on.reshape(q, q2));
    T start = on.principal(on.reshape(weight, to.matrix()), rank);
    return on.affine(on.reshape(on.minus(now, start), to), scale.under(as), 0);
  }

  @Override
  public <U> Tlora<U> map(Function<? super T, ? extends U> f) {
    return new Tlora<>(f.apply(p), f.apply(q), f.apply(lambda), scale);
  }

  @Override
  public List<T> tensors() {
    return List.of(p, q, lambda);
  }

  @Override
  public Shape madeFor(Function<? super T, Shape> shapes) {
    Shape shape = new Factor.Split<>(p, q).shape(shapes);
    if (shapes.apply(lambda).elements() != shapes.apply(q).dim(0)) {
      throw ShapeMismatch.multiply(shapes.apply(lambda), shapes.apply(q));
    }
    return shape;
  }
}
