package radiata.adapter;

import org.jspecify.annotations.Nullable;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.ShapeMismatch;

/// What Diag-OFT and BOFT share.
final class Rotations {
  private Rotations() {}

  /// `from + share * (to - from)`.
  static <T> T towards(T from, T to, double share, Algebra<T> on) {
    return share == 1 ? to : on.plus(from, on.affine(on.minus(to, from), share, 0));
  }

  /// Every output row times its trained factor.
  ///
  /// @param rescale `[out, 1, ...]`; null for none
  static <T> T rescaled(T rows, @Nullable T rescale, Shape weight, Algebra<T> on) {
    if (rescale == null) {
      return rows;
    }
    requireRows(on.shape(rescale), weight.dim(0));
    long[] dims = new long[weight.rank()];
    java.util.Arrays.fill(dims, 1);
    dims[0] = weight.dim(0);
    return on.times(rows, on.reshape(rescale, Shape.of(dims)));
  }

  static void requireRows(@Nullable Shape rescale, long outputs) {
    if (rescale != null && rescale.elements() != outputs) {
      throw new ShapeMismatch("rescale " + rescale + " is not one number per output of " + outputs);
    }
  }
}
