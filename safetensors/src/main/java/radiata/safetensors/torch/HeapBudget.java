package radiata.safetensors.torch;

import java.nio.file.Path;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;

/// What the values of one file may take on the heap. A byte of a pickle can ask for a dict: so
/// everything that is built is paid for, at about what it costs, before it is built. A tensor of a
/// real file costs about 2 KB.
final class HeapBudget {
  static final long BYTES = 128L << 20;

  private final Path path;
  private long left = BYTES;

  HeapBudget(Path path) {
    this.path = path;
  }

  /// @throws SafetensorsException if there is not that much left
  void take(long bytes, long at) {
    left -= bytes;
    if (left < 0) {
      throw new SafetensorsException(
          Kind.LIMIT,
          path,
          null,
          "byte %,d of the pickle: it builds more than %d MB of values, which no model needs; nothing was read"
              .formatted(at, BYTES >> 20));
    }
  }
}
