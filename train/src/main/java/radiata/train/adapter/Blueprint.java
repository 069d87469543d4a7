package radiata.train.adapter;

import java.util.Optional;
import radiata.convention.DoraAxis;
import radiata.safetensors.Shape;

/// What adapter is made.
///
/// @param algorithm of every module
/// @param rank of linear layers and 1x1 kernels
/// @param alpha of these
/// @param kernelRank of larger kernels; 0 leaves them out
/// @param kernelAlpha of these
/// @param dora the axis of the magnitudes; empty for none
/// @param rootScale whether the scale is alpha over the square root of the rank (rsLoRA)
/// @param factor of LoKr; -1 for as square as it goes
/// @param decomposeBoth whether LoKr's small factor may be a product too
public record Blueprint(
    Algorithm algorithm,
    int rank,
    double alpha,
    int kernelRank,
    double kernelAlpha,
    Optional<DoraAxis> dora,
    boolean rootScale,
    int factor,
    boolean decomposeBoth) {
  /// The algorithms that are trained.
  public enum Algorithm {
    LORA,
    LOHA,
    LOKR
  }

  /// A LoRA on linear layers and kernels alike.
  public static Blueprint lora(int rank, double alpha, Optional<DoraAxis> dora) {
    return new Blueprint(Algorithm.LORA, rank, alpha, rank, alpha, dora, false, -1, false);
  }

  /// A rank and alpha.
  public record Size(int rank, double alpha) {}

  /// Whether a weight of this shape is a kernel above 1x1; those whose first dimension is 1 count
  /// as linear (LyCORIS 3.3.0 `kohya.py`).
  public static boolean isKernel(Shape weight) {
    return weight.rank() > 2 && weight.dim(2) > 1;
  }

  /// The size on such a kernel, or on any other layer.
  Size size(boolean kernel) {
    return kernel ? new Size(kernelRank, kernelAlpha) : new Size(rank, alpha);
  }

  /// The alpha that a file states so that alpha over rank is the scale.
  double stated(Size size) {
    return rootScale ? size.alpha() * Math.sqrt(size.rank()) : size.alpha();
  }
}
