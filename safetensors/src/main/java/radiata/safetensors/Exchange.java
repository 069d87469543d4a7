package radiata.safetensors;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Two paths change places in one step: `renameat2` with `RENAME_EXCHANGE` of Linux. Java has no
/// call for it.
final class Exchange {
  private static final int CURRENT_FOLDER = -100;
  private static final int RENAME_EXCHANGE = 2;
  private static final @Nullable MethodHandle RENAMEAT2 =
      SystemCall.find(
          "renameat2",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_INT));

  private Exchange() {}

  /// Whether the paths have changed places; nothing has happened where the system, the file system
  /// or the settings of the JVM do not allow it.
  static boolean swap(Path a, Path b) {
    if (RENAMEAT2 == null) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment first = arena.allocateFrom(a.toAbsolutePath().toString());
      MemorySegment second = arena.allocateFrom(b.toAbsolutePath().toString());
      return 0
          == (int)
              RENAMEAT2.invokeExact(CURRENT_FOLDER, first, CURRENT_FOLDER, second, RENAME_EXCHANGE);
    } catch (Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
