package radiata.convert;

import java.util.List;
import radiata.safetensors.TensorInfo;

/// How one tensor of the output comes about.
///
/// @param file the output file, by its place in the plan
/// @param pieces what fills `target`, each element once
public record ConversionStep(int file, TensorInfo target, List<Piece> pieces) {
  public ConversionStep {
    pieces = List.copyOf(pieces);
  }

  /// Whether its numbers are stored as they were.
  boolean sameDtype() {
    return pieces.stream().allMatch(piece -> piece.isOf(target.dtype()));
  }
}
