package radiata.train.optim;

import java.util.List;
import radiata.train.engine.Fused;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;

/// Clipping by the norm of all gradients together (torch 2.7.1 `utils/clip_grad.py`).
public final class Clipping {
  private static final double EPSILON = 1e-6;

  private Clipping() {}

  /// Scales gradients in place by `max / (norm + 1e-6)` where that is below 1.
  ///
  /// @param max 0 for no limit
  /// @return the norm before
  public static double clip(List<Tensor> gradients, double max) {
    if (gradients.isEmpty()) {
      return 0;
    }
    try (Scope _ = Scope.open()) {
      Tensor norm = Fused.norms(gradients).square().sum().root();
      double before = norm.number();
      if (max > 0 && max / (before + EPSILON) < 1) {
        Tensor factor = norm.plus(EPSILON);
        Fused.scale(gradients, factor.reciprocal().times(max));
      }
      return before;
    }
  }
}
