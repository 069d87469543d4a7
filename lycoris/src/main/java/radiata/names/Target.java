package radiata.names;

import org.jspecify.annotations.Nullable;

/// The place in a base that a module's weight or bias has.
///
/// @param component the base's component (`unet`, ...; empty where the base has none)
/// @param tensor the tensor's name in the base
/// @param rows the rows of it, where it is fused; null for all
/// @param transposed whether the base stores it `[in, out]`: GPT-2's Conv1D, OpenCLIP's
///   text_projection
public record Target(String component, String tensor, @Nullable Rows rows, boolean transposed) {
  /// The tensor as a message names it: `text_encoder/name` in a folder of components.
  String place() {
    return component.isEmpty() ? tensor : component + "/" + tensor;
  }
}
