package radiata.names;

import org.jspecify.annotations.Nullable;

/// The place in a base that a module's weight or bias, or some of its rows, have.
///
/// @param component the base's component (`unet`, ...; empty where the base has none)
/// @param tensor the tensor's name in the base
/// @param rows the rows of it, where it is fused; null for all
/// @param transposed whether the base stores it `[in, out]`: GPT-2's Conv1D, OpenCLIP's
///   text_projection
/// @param of the module's own rows that stand there, where the base splits or reorders them; null
///   for all
public record Target(
    String component, String tensor, @Nullable Rows rows, boolean transposed, @Nullable Rows of) {

  /// The place of a whole module.
  public Target(String component, String tensor, @Nullable Rows rows, boolean transposed) {
    this(component, tensor, rows, transposed, null);
  }

  /// The same place, stored the other way round.
  public Target flipped() {
    return new Target(component, tensor, rows, !transposed, of);
  }

  /// Whether a change of one is a change of the other.
  public boolean overlaps(Target other) {
    return component.equals(other.component)
        && tensor.equals(other.tensor)
        && (rows == null || other.rows == null || rows.overlaps(other.rows));
  }

  /// The tensor as a message names it: `text_encoder/name` in a folder of components.
  public String place() {
    return component.isEmpty() ? tensor : component + "/" + tensor;
  }
}
