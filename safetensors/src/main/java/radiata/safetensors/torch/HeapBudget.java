package radiata.safetensors.torch;

import java.nio.file.Path;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;

/// What the pickles of one file may take of the heap and of the processor. A byte of a pickle can
/// ask for a dict: so everything that is built is paid for, at about what it costs, before it is
/// built. A tensor of a real file costs about 2 KB.
final class HeapBudget {
  private static final long BYTES = 128L << 20;
  private static final int INSTRUCTIONS = 50_000_000;

  private final Path path;
  private final long most;
  private final int instructions;
  private long left;
  private int done;

  HeapBudget(Path path) {
    this(path, BYTES, INSTRUCTIONS);
  }

  HeapBudget(Path path, long bytes, int instructions) {
    this.path = path;
    this.most = bytes;
    this.instructions = instructions;
    this.left = bytes;
  }

  /// Counts an instruction.
  ///
  /// @throws SafetensorsException if there have been too many
  void step(long at) {
    if (++done > instructions) {
      throw refused(at, "it has more than %,d instructions".formatted(instructions));
    }
  }

  /// @throws SafetensorsException if there is not that much left
  void take(long bytes, long at) {
    left -= bytes;
    if (left < 0) {
      throw refused(at, "it builds more than %d MB of values".formatted(most >> 20));
    }
  }

  private SafetensorsException refused(long at, String what) {
    return new SafetensorsException(
        Kind.LIMIT,
        path,
        null,
        "byte %,d of the pickle: %s, which no model needs; nothing was read".formatted(at, what));
  }
}
