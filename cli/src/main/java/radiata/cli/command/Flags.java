package radiata.cli.command;

import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.cli.Option;

/// Makes options, and holds those that every command takes.
final class Flags {
  static final Option JSON = flag("json", "one JSON document on stdout, no progress, no colour");
  static final Option QUIET = flag("q", "quiet", "no progress, no warnings");
  static final Option VERBOSE = flag("v", "verbose", "print the stack trace of a failure");
  static final Option COLOR = flag("color", "colour even where the output is no terminal");
  static final Option NO_COLOR = flag("no-color", "never colour");
  static final Option THREADS =
      value("threads", "N", "work with N threads (default: all cores); results never depend on it");
  static final Option HELP = flag("h", "help", "show help");

  static final Section COMMON =
      Section.of("Common options", JSON, QUIET, VERBOSE, COLOR, NO_COLOR, THREADS, HELP);

  static final Option VERSION = flag("version", "print the version");

  private Flags() {}

  static Option flag(String name, String description) {
    return Option.builder().longOpt(name).desc(description).get();
  }

  static Option flag(String letter, String name, String description) {
    return Option.builder(letter).longOpt(name).desc(description).get();
  }

  static Option value(String name, String argument, String description) {
    return Option.builder().longOpt(name).hasArg().argName(argument).desc(description).get();
  }

  static Option value(String letter, String name, String argument, String description) {
    return Option.builder(letter).longOpt(name).hasArg().argName(argument).desc(description).get();
  }

  /// All options that a command line with this command may hold.
  static List<Option> of(Command command) {
    return Stream.concat(command.sections().stream(), Stream.of(COMMON))
        .flatMap(section -> section.options().stream())
        .toList();
  }

  /// `-o, --output`, or `--json` where there is no letter.
  static String spelled(Option option) {
    return (option.getOpt() == null ? "" : "-" + option.getOpt() + ", ")
        + "--"
        + option.getLongOpt();
  }
}
