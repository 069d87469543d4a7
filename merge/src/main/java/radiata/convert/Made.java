package radiata.convert;

import java.util.List;
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
}
