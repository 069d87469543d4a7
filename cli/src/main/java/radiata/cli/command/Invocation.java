package radiata.cli.command;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.cli.Option;
import org.jspecify.annotations.Nullable;
import radiata.cli.report.Console;
import radiata.cli.report.Settings;

/// One command line on its way: the common options, the command, its own options, the run.
public final class Invocation {
  private final List<String> args;
  private Console console;
  private String command = "";

  public Invocation(List<String> args, Console console) {
    this.args = args;
    // Known before anything is parsed, as a broken command line is reported in this form too.
    this.console =
        console.with(
            new Settings(
                beforeDashes(args).contains("--json"),
                false,
                false,
                null,
                Settings.standard().threads()));
  }

  /// @return the exit code
  public int run() throws IOException {
    List<Option> leading = new ArrayList<>(Flags.COMMON.options());
    leading.add(Flags.VERSION);
    Arguments common = Arguments.parse(leading, args, true);
    if (common.has(Flags.VERSION)) {
      console.raw(Version.line());
      return 0;
    }
    List<String> words = common.words();
    if (words.isEmpty()) {
      console.raw(Help.overview(console.width()));
      return 0;
    }
    String first = words.getFirst();
    if (first.startsWith("-")) {
      throw Arguments.unknown(first, leading);
    }
    Command found = Commands.named(first);
    command = found.name();
    Arguments own = Arguments.parse(Flags.of(found), words.subList(1, words.size()), false);
    if (common.has(Flags.HELP) || own.has(Flags.HELP)) {
      console.raw(Help.of(found, console.width()));
      return 0;
    }
    console = console.with(settings(common, own));
    return found.run(own, console);
  }

  /// Tells the user why it ended.
  ///
  /// @return the exit code
  public int report(Failure failure, Throwable thrown) {
    console.error(failure.line(command));
    console.trace(thrown);
    if (console.json()) {
      console.document(failure.document());
    }
    return failure.exit();
  }

  private static Settings settings(Arguments common, Arguments own) {
    int threads =
        own.integer(Flags.THREADS, 1)
            .orElseGet(() ->
                common.integer(Flags.THREADS, 1).orElseGet(() -> Settings.standard().threads()));
    return new Settings(
        either(Flags.JSON, common, own),
        either(Flags.QUIET, common, own),
        either(Flags.VERBOSE, common, own),
        colour(common, own),
        threads);
  }

  private static boolean either(Option flag, Arguments common, Arguments own) {
    return common.has(flag) || own.has(flag);
  }

  private static @Nullable Boolean colour(Arguments common, Arguments own) {
    if (either(Flags.NO_COLOR, common, own)) {
      return false;
    }
    return either(Flags.COLOR, common, own) ? true : null;
  }

  private static List<String> beforeDashes(List<String> args) {
    int dashes = args.indexOf("--");
    return dashes < 0 ? args : args.subList(0, dashes);
  }
}
