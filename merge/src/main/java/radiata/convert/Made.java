package radiata.convert;

import java.util.List;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;

/// A tensor of the output, before it has a file.
///
/// @param component `unet`, ... in a diffusers folder, empty elsewhere
/// @param pieces what it is made of; together they fill it
record Made(String component, TensorSpec spec, List<Piece> pieces) {
  Made {
    pieces = List.copyOf(pieces);
  }

  Made(String component, TensorSpec spec, Piece piece) {
    this(component, spec, List.of(piece));
  }

  /// Whether this is a tensor of the input at the same place of a file of as many tensors.
  boolean copyOf(TensorInfo target, int tensors) {
    return pieces.size() == 1
        && pieces.getFirst() instanceof Piece.Run run
        && run.source().info().equals(target)
        && run.source().part().file().tensors().size() == tensors;
  }

  /// Whether its numbers are stored as they were.
  boolean sameDtype() {
    return pieces.stream().allMatch(piece -> piece.isOf(spec.dtype()));
  }
}
