import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One run of a process, as Linux accounts for it.
///
/// @param anonymous highest resident memory of its own, KiB: heap, native allocations, stacks
/// @param mapped highest resident memory backed by files, KiB: the kernel may take it back any time
/// @param resident highest sum of the two, KiB
/// @param read bytes that read calls gave it
/// @param written bytes that write calls took from it
/// @param messages its standard error
record Measured(
    double seconds,
    long anonymous,
    long mapped,
    long resident,
    long read,
    long written,
    String messages) {

  private static final int EVERY_MILLIS = 10;

  /// Runs a command to its end and looks at `/proc` all the while.
  ///
  /// @throws IOException if it cannot be run or does not exit with 0
  static Measured run(List<String> command) throws IOException, InterruptedException {
    Path messages = Files.createTempFile("bench", ".log");
    try {
      long start = System.nanoTime();
      Process process =
          new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(messages.toFile())
              .start();
      Path proc = Path.of("/proc", Long.toString(process.pid()));
      long anonymous = 0;
      long mapped = 0;
      long resident = 0;
      long read = 0;
      long written = 0;
      while (process.isAlive()) {
        String status = text(proc.resolve("status"));
        anonymous = Math.max(anonymous, field(status, "RssAnon"));
        mapped = Math.max(mapped, field(status, "RssFile") + field(status, "RssShmem"));
        resident = Math.max(resident, field(status, "VmHWM"));
        String io = text(proc.resolve("io"));
        read = Math.max(read, field(io, "rchar"));
        written = Math.max(written, field(io, "wchar"));
        if (process.waitFor(Duration.ofMillis(EVERY_MILLIS))) {
          break;
        }
      }
      int code = process.waitFor();
      double seconds = (System.nanoTime() - start) / 1e9;
      String said = Files.readString(messages, StandardCharsets.UTF_8);
      if (code != 0) {
        throw new IOException(String.join(" ", command) + " exits with " + code + "\n" + said);
      }
      return new Measured(seconds, anonymous, mapped, resident, read, written, said);
    } finally {
      Files.delete(messages);
    }
  }

  private static String text(Path file) throws IOException {
    try {
      return Files.readString(file);
    } catch (IOException processIsGone) {
      return "";
    }
  }

  private static long field(String text, String name) {
    Matcher line = Pattern.compile("^" + name + ":\\s*(\\d+)", Pattern.MULTILINE).matcher(text);
    return line.find() ? Long.parseLong(line.group(1)) : 0;
  }
}
