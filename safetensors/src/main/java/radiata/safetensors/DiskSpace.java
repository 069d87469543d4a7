package radiata.safetensors;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.SafetensorsException.Kind;

/// Whether an output fits on its disk: asked before a byte is written, and told when it did not.
final class DiskSpace {
  /// For folders, short texts and what the file system keeps for itself.
  private static final long MARGIN = 1 << 20;

  private DiskSpace() {}

  /// @throws SafetensorsException if the disk under `folder` has less than `bytes` and a margin
  static void require(Path target, Path folder, long bytes) {
    File disk = folder.toFile();
    long free = disk.getUsableSpace();
    if (disk.getTotalSpace() > 0 && free < Math.addExact(bytes, MARGIN)) {
      throw full(target, "%,d bytes are needed and %,d are free".formatted(bytes + MARGIN, free));
    }
  }

  /// The error of a full disk or an exhausted quota, or the exception itself. The system's words
  /// for it depend on the locale, so the free space is asked for too.
  static IOException explain(Path target, Path written, IOException thrown) {
    String message = String.valueOf(thrown.getMessage());
    @Nullable Path folder = written.toAbsolutePath().getParent();
    long free = folder == null ? Long.MAX_VALUE : folder.toFile().getUsableSpace();
    if (message.contains("No space left") || message.contains("quota") || free == 0) {
      SafetensorsException full =
          full(target, "%,d bytes were free when a write failed".formatted(free));
      full.initCause(thrown);
      throw full;
    }
    return thrown;
  }

  private static SafetensorsException full(Path target, String numbers) {
    return new SafetensorsException(
        Kind.CANNOT_WRITE,
        target,
        null,
        "the disk is full: " + numbers + "; free some space or write elsewhere");
  }
}
