package radiata.cli.report;

import com.google.gson.JsonObject;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.IntSupplier;

/// Where a command's words go: results to one stream, everything else to another, in the form that
/// the settings ask for. Nothing in the program prints except through this. Always UTF-8, lines end
/// in `\n`.
public final class Console {
  private final PrintStream out;
  private final PrintStream err;
  private final boolean outTerminal;
  private final boolean errTerminal;
  private final IntSupplier width;
  private final Settings settings;

  private Console(
      PrintStream out,
      PrintStream err,
      boolean outTerminal,
      boolean errTerminal,
      IntSupplier width,
      Settings settings) {
    this.out = out;
    this.err = err;
    this.outTerminal = outTerminal;
    this.errTerminal = errTerminal;
    this.width = width;
    this.settings = settings;
  }

  /// The process's own streams.
  public static Console system() {
    boolean errTerminal = Terminal.isTerminal(Terminal.STDERR);
    return new Console(
        new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        Terminal.isTerminal(Terminal.STDOUT),
        errTerminal,
        () -> Terminal.width(errTerminal ? Terminal.STDERR : Terminal.STDOUT),
        Settings.standard());
  }

  /// A console over other streams, of which neither or both are a terminal.
  public static Console of(PrintStream out, PrintStream err, boolean terminal, int width) {
    return new Console(out, err, terminal, terminal, () -> width, Settings.standard());
  }

  public Console with(Settings settings) {
    return new Console(out, err, outTerminal, errTerminal, width, settings);
  }

  /// The same console with results that go elsewhere.
  public Console to(PrintStream results) {
    return new Console(results, err, outTerminal, errTerminal, width, settings);
  }

  public Settings settings() {
    return settings;
  }

  public boolean json() {
    return settings.json();
  }

  public int threads() {
    return settings.threads();
  }

  /// The columns a line may have.
  public int width() {
    return width.getAsInt();
  }

  /// A line of the result for a reader; nothing under `--json`, whose result is a document.
  public void say(String line) {
    if (!settings.json()) {
      out.print(line + "\n");
    }
  }

  /// A heading in the result.
  public void heading(String line) {
    say(colours(outTerminal) ? Style.BOLD.paint(line) : line);
  }

  /// A table in the result, its headings set apart.
  public void table(Table table) {
    boolean first = true;
    for (String line : table.lines()) {
      say(first && colours(outTerminal) ? Style.DIM.paint(line) : line);
      first = false;
    }
  }

  /// The whole result under `--json`.
  public void document(JsonObject document) {
    out.print(Json.write(document) + "\n");
  }

  /// Text that is itself the result in every mode: help, completions, the version.
  public void raw(String text) {
    out.print(text);
  }

  /// Something the user should know and need not act on.
  public void warn(String line) {
    if (!settings.quiet()) {
      String safe = "warning: " + Text.safe(line);
      err.print((colours(errTerminal) ? Style.YELLOW.paint(safe) : safe) + "\n");
    }
  }

  /// A remark beside the result, such as how long it took.
  public void note(String line) {
    if (!settings.quiet()) {
      err.print(Text.safe(line) + "\n");
    }
  }

  /// Why the command failed, in one line.
  public void error(String line) {
    String safe = Text.safe(line);
    err.print((colours(errTerminal) ? Style.RED.paint(safe) : safe) + "\n");
  }

  /// The stack trace of a failure, under `--verbose`.
  public void trace(Throwable failure) {
    if (settings.verbose()) {
      failure.printStackTrace(err);
    }
  }

  /// Progress of work over `total` bytes.
  public Progress progress(String what, long total) {
    boolean silent = settings.json() || settings.quiet();
    return new Progress(err, what, total, silent, !silent && errTerminal && !dumb(), this::width);
  }

  /// Passes on what is buffered.
  ///
  /// @return whether everything said so far has reached the result's stream
  public boolean flush() {
    return !out.checkError();
  }

  private boolean colours(boolean terminal) {
    if (settings.json()) {
      return false;
    }
    Boolean asked = settings.colour();
    if (asked != null) {
      return asked;
    }
    String refused = System.getenv("NO_COLOR");
    return terminal && (refused == null || refused.isEmpty()) && !dumb();
  }

  private static boolean dumb() {
    return "dumb".equals(System.getenv("TERM"));
  }

  private enum Style {
    BOLD(1),
    DIM(2),
    RED(31),
    YELLOW(33);

    private final int code;

    Style(int code) {
      this.code = code;
    }

    String paint(String text) {
      return "\u001b[" + code + "m" + text + "\u001b[0m";
    }
  }
}
