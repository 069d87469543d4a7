package radiata.adapter;

import java.util.List;
import java.util.function.Function;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.ShapeMismatch;

/// GLoRA: `delta = alpha/rank * (b1 b2 + (W a1) a2)`, where a1 and a2 contract the input channels
/// of the weight and leave its kernel (LyCORIS 3.3.0 `modules/glora.py`). The delta holds the
/// weight it is added to.
///
/// @param a1 `[in, r]`, with any number of trailing ones, as a2
/// @param a2 `[r, in]`
/// @param b1 `[out, r]`
/// @param b2 `[r, in, k...]`
/// @param old whether the file names them as LyCORIS 2.x did, where 1 and 2 were swapped; the
///   components here are in the new order
public record Glora<T>(T a1, T a2, T b1, T b2, Scale scale, boolean old) implements Additive<T> {
  @Override
  public T delta(T weight, Algebra<T> on, Profile as) {
    Shape to = on.shape(weight);
    T added = ShapeMismatch.reshaped(on, new Factor.Split<>(b1, b2).expand(on), to);
    T turned = on.plus(added, through(weight, to, on));
    return on.affine(turned, as.readsGloraAlpha() ? scale.under(as) : 1, 0);
  }

  /// `(W a1) a2` over the input channels.
  private T through(T weight, Shape to, Algebra<T> on) {
    T first = on.reshape(a1, on.shape(a1).matrix());
    T second = on.reshape(a2, on.shape(a2).matrix());
    if (to.rank() == 2) {
      return on.matmul(on.matmul(weight, first), second);
    }
    long kernel = to.matrix().dim(1) / Math.max(1, to.dim(1));
    Shape split = Shape.of(to.dim(0), to.dim(1), kernel);
    T last = on.permute(on.reshape(weight, split), 0, 2, 1);
    T flat = on.reshape(last, Shape.of(to.dim(0) * kernel, to.dim(1)));
    T moved = on.matmul(on.matmul(flat, first), second);
    T back = on.reshape(moved, Shape.of(to.dim(0), kernel, to.dim(1)));
    return on.reshape(on.permute(back, 0, 2, 1), to);
  }

  @Override
  public <U> Glora<U> map(Function<? super T, ? extends U> f) {
    return new Glora<>(f.apply(a1), f.apply(a2), f.apply(b1), f.apply(b2), scale, old);
  }

  @Override
  public List<T> tensors() {
    return List.of(a1, a2, b1, b2);
  }

  @Override
  public Shape madeFor(Function<? super T, Shape> shapes) {
    Shape shape = new Factor.Split<>(b1, b2).shape(shapes);
    Shape first = shapes.apply(a1);
    Shape second = shapes.apply(a2);
    if (first.rank() < 2
        || second.rank() < 2
        || first.matrix().dim(1) != second.dim(0)
        || first.dim(0) != second.matrix().dim(1)) {
      throw ShapeMismatch.multiply(first, second);
    }
    if (first.dim(0) != shape.dim(1)) {
      throw new ShapeMismatch(
          "a1 %s is for %d inputs, b2 gives %s".formatted(first, first.dim(0), shape));
    }
    return shape;
  }
}
