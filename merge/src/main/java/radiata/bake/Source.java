package radiata.bake;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// Where the bytes of a base tensor come from.
@FunctionalInterface
interface Source {
  /// @param offset bytes from the start of the tensor
  void read(long offset, MemorySegment into) throws IOException;
}
