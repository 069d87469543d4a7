package radiata.bake;

import java.util.Optional;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.convert.Dither;

/// What the bytes of a tensor are besides numbers of its dtype.
///
/// @param scale the tensor whose one number the base's values are multiplied by
/// @param rescaled the step of the scale in the output; empty where the output has plain numbers
/// @param dither how values are rounded to fp8; empty for the nearest
record Coding(Optional<Stored> scale, Optional<Step.Scale> rescaled, Optional<Dither> dither) {
  /// Bytes that are plain numbers, rounded to the nearest.
  static final Coding PLAIN = new Coding(Optional.empty(), Optional.empty(), Optional.empty());

  static boolean dithers(Step step) {
    return switch (step) {
      case Step.Change change -> change.coding().dither().isPresent();
      case Step.Convert convert -> convert.coding().dither().isPresent();
      case Step.Copy _, Step.Scale _ -> false;
    };
  }
}
