package radiata.adapter.file;

import org.jspecify.annotations.Nullable;
import radiata.adapter.Adapter;
import radiata.adapter.Full;
import radiata.adapter.Replacement;
import radiata.adapter.Scale;
import radiata.convention.Algorithm;
import radiata.safetensors.TensorInfo;

/// Reads what is stored as it is: differences of weights, norms and biases, and whole weights.
final class DiffRecipe {
  private static final Scale ONE = Scale.none(1);

  private DiffRecipe() {}

  static Body full(Parts parts) {
    parts.find(Suffixes.ALPHA);
    return Body.without(
        Algorithm.FULL, difference(parts.find("diff")), difference(parts.find("diff_b")));
  }

  static Body norm(Parts parts) {
    parts.find(Suffixes.ALPHA);
    return Body.without(
        Algorithm.NORM, difference(parts.find("w_norm")), difference(parts.find("b_norm")));
  }

  static Body set(Parts parts) {
    return Body.without(Algorithm.WHOLE, new Replacement<>(parts.need("set_weight")), null);
  }

  /// PEFT's `modules_to_save` and trained biases.
  static Body saved(Parts parts) {
    return Body.without(
        Algorithm.WHOLE, whole(parts.find(Suffixes.WEIGHT)), whole(parts.find(Suffixes.BIAS)));
  }

  private static @Nullable Adapter<TensorInfo> difference(@Nullable TensorInfo tensor) {
    return tensor == null ? null : new Full<>(tensor, ONE);
  }

  private static @Nullable Adapter<TensorInfo> whole(@Nullable TensorInfo tensor) {
    return tensor == null ? null : new Replacement<>(tensor);
  }
}
