package radiata.bake;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// Where the bytes of a changed tensor go, piece by piece.
@FunctionalInterface
interface Sink {
  /// @param offset bytes from the start of the tensor
  void write(long offset, MemorySegment bytes) throws IOException;
}
