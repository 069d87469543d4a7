package radiata.cli.report;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.Optional;

/// What the operating system knows of a standard stream. [System#console] cannot say it for one
/// stream alone: it answers for stdin and stdout together.
final class Terminal {
  static final int STDOUT = 1;
  static final int STDERR = 2;

  private static final int DEFAULT_WIDTH = 80;
  private static final boolean MAC =
      System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("mac");

  /// `TIOCGWINSZ` of Linux and of macOS.
  private static final long WINDOW_SIZE = MAC ? 0x40087468L : 0x5413L;

  private Terminal() {}

  /// Whether the stream is a terminal. Without a C `isatty` (Windows), whether the whole process
  /// has one.
  static boolean isTerminal(int descriptor) {
    Optional<MethodHandle> isatty =
        function("isatty", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    if (isatty.isEmpty()) {
      return System.console() != null && System.console().isTerminal();
    }
    try {
      return (int) isatty.get().invokeExact(descriptor) == 1;
    } catch (Throwable e) {
      return false;
    }
  }

  /// The columns of the terminal behind a stream: `COLUMNS` where it is set, else what the terminal
  /// says, else 80.
  static int width(int descriptor) {
    String columns = System.getenv("COLUMNS");
    if (columns != null && columns.matches("[1-9][0-9]{0,3}")) {
      return Integer.parseInt(columns);
    }
    Optional<MethodHandle> ioctl =
        function(
            "ioctl",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS),
            Linker.Option.firstVariadicArg(2));
    if (ioctl.isEmpty()) {
      return DEFAULT_WIDTH;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(8);
      int result = (int) ioctl.get().invokeExact(descriptor, WINDOW_SIZE, size);
      int found = size.get(ValueLayout.JAVA_SHORT, 2);
      return result == 0 && found > 0 ? found : DEFAULT_WIDTH;
    } catch (Throwable e) {
      return DEFAULT_WIDTH;
    }
  }

  private static Optional<MethodHandle> function(
      String name, FunctionDescriptor type, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find(name)
        .map(address -> linker.downcallHandle(address, type, options));
  }
}
