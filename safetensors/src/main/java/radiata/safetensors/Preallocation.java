package radiata.safetensors;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Gives a file its blocks on the disk before it is written: `fallocate` of Linux. The space is
/// then really there, and writing takes the system half the time, since it has to find no room for
/// each page.
final class Preallocation {
  private static final int WRITE_ONLY = 1;
  private static final boolean LINUX =
      System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux");
  private static final @Nullable MethodHandle OPEN =
      SystemCall.find(
          "open",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
          Linker.Option.firstVariadicArg(2));
  private static final @Nullable MethodHandle ALLOCATE =
      SystemCall.find(
          "fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
  private static final @Nullable MethodHandle CLOSE =
      SystemCall.find("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  private Preallocation() {}

  /// Reserves `bytes` for an existing file. Where system or file system do not know how, nothing
  /// happens; a disk that is too small shows when it is written.
  static void reserve(Path file, long bytes) {
    if (!LINUX || OPEN == null || ALLOCATE == null || CLOSE == null) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      int descriptor =
          (int) OPEN.invokeExact(arena.allocateFrom(file.toAbsolutePath().toString()), WRITE_ONLY);
      if (descriptor >= 0) {
        int _ = (int) ALLOCATE.invokeExact(descriptor, 0, 0L, bytes);
        int _ = (int) CLOSE.invokeExact(descriptor);
      }
    } catch (Error | RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
