package radiata.cli.command;

import java.io.IOException;
import java.util.List;
import radiata.cli.report.Console;

/// One command of the program: what its help says, which options it takes, and what it does.
public interface Command {
  /// One example: the command line after `radiata`, and what it does.
  record Example(String line, String does) {}

  String name();

  /// What it does, in one sentence.
  String summary();

  /// The forms of its arguments, each without the program's and the command's names.
  List<String> usage();

  List<Example> examples();

  /// Its own options; the common ones are not among them.
  List<Section> sections();

  /// What its help says below the options; empty for most.
  default List<String> notes() {
    return List.of();
  }

  /// Does it.
  ///
  /// @return the exit code: 0 done, 1 when what was asked has a negative answer
  /// @throws UsageException if the arguments make no sense
  /// @throws CommandException if it refuses or fails for a reason that no library type says better
  int run(Arguments arguments, Console console) throws IOException;
}
