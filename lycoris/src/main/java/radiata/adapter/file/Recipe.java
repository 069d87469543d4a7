package radiata.adapter.file;

import java.io.IOException;

/// How the tensors of one algorithm are read. Parts that a recipe does not take make the module one
/// that is known, but not computed.
interface Recipe {
  /// Reads one module.
  ///
  /// @throws AdapterException if the module is incomplete or contradicts itself
  /// @throws radiata.tensor.ShapeMismatch if the tensors do not multiply
  Body read(Parts parts) throws IOException;
}
