package radiata.adapter.file;

import java.io.IOException;
import java.util.OptionalDouble;
import radiata.adapter.Glora;
import radiata.adapter.Scale;
import radiata.convention.Algorithm;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.tensor.ShapeMismatch;

/// Reads GLoRA in the layout of LyCORIS 3.x (a1 `[in, r]`, a2 `[r, in]`, b1 `[out, r]`, b2 `[r,
/// in]`) and of 2.x, where 1 and 2 are swapped. Where the shapes fit both, the one of lower rank is
/// meant.
final class GloraRecipe {
  private GloraRecipe() {}

  static Body read(Parts parts) throws IOException {
    TensorInfo a1 = parts.need("a1");
    TensorInfo a2 = parts.need("a2");
    TensorInfo b1 = parts.need("b1");
    TensorInfo b2 = parts.need("b2");
    boolean fitsNew = fits(a1, a2, b1, b2);
    boolean fitsOld = fits(a2, a1, b2, b1);
    if (!fitsNew && !fitsOld) {
      throw new ShapeMismatch(
          "a1 %s, a2 %s, b1 %s, b2 %s fit neither layout of GLoRA"
              .formatted(a1.shape(), a2.shape(), b1.shape(), b2.shape()));
    }
    boolean old = !fitsNew || (fitsOld && a1.shape().dim(0) < a2.shape().dim(0));
    int rank = Math.toIntExact((old ? a1 : a2).shape().dim(0));
    parts
        .because()
        .add(
            "rank %d; a1 %s is the layout of LyCORIS %s"
                .formatted(rank, a1.shape(), old ? "2.x" : "3.x"));
    OptionalDouble alpha = parts.alpha();
    Scale scale = parts.scale(alpha, rank);
    return Body.of(
        Algorithm.GLORA,
        old ? new Glora<>(a2, a1, b2, b1, scale, true) : new Glora<>(a1, a2, b1, b2, scale, false),
        rank,
        alpha);
  }

  /// Whether these are `[in, r]`, `[r, in]`, `[out, r]`, `[r, in, k...]`.
  private static boolean fits(TensorInfo a1, TensorInfo a2, TensorInfo b1, TensorInfo b2) {
    Shape b = b2.shape();
    if (a1.shape().rank() < 2 || a2.shape().rank() < 2 || b1.shape().rank() < 2 || b.rank() < 2) {
      return false;
    }
    long rank = b.dim(0);
    return a1.shape().matrix().equals(Shape.of(b.dim(1), rank))
        && a2.shape().matrix().equals(Shape.of(rank, b.dim(1)))
        && b1.shape().matrix().dim(1) == rank;
  }
}
