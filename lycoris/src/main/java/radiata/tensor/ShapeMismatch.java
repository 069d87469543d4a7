package radiata.tensor;

import radiata.safetensors.Shape;

/// Tensors that do not multiply out; the message names both shapes.
public final class ShapeMismatch extends RuntimeException {
  public ShapeMismatch(String what) {
    super(what);
  }

  public static ShapeMismatch multiply(Shape left, Shape right) {
    return new ShapeMismatch("cannot multiply " + left + " by " + right);
  }

  /// `x` in the shape of a weight: its rows must be the weight's rows, and the rest as many as the
  /// weight's rest, however many dimensions either is written in (1x1 convolutions are stored as
  /// linear layers and the reverse).
  public static <T> T reshaped(Algebra<T> on, T x, Shape weight) {
    Shape from = on.shape(x);
    if (from.equals(weight)) {
      return x;
    }
    if (!from.matrix().equals(weight.matrix())) {
      throw new ShapeMismatch("the factors give " + from + ", the weight is " + weight);
    }
    return on.reshape(x, weight);
  }
}
