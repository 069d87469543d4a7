package radiata.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import radiata.cli.command.Failure;
import radiata.cli.command.Invocation;
import radiata.cli.report.Console;

/// The program `radiata`.
public final class Main {
  private static final int FAILED = 1;

  private Main() {}

  public static void main(String[] args) {
    // Numbers look the same on every machine.
    Locale.setDefault(Locale.ROOT);
    System.exit(run(args, Console.system()));
  }

  /// Runs one command line.
  ///
  /// @return the exit code: 0 done, 1 refused or failed, 2 wrong usage
  public static int run(String[] args, Console console) {
    Invocation invocation = new Invocation(List.of(args), console);
    int exit;
    try {
      exit = invocation.run();
    } catch (IOException | RuntimeException | OutOfMemoryError | StackOverflowError e) {
      exit = invocation.report(Failure.of(e), e);
    }
    return console.flush() || exit != 0 ? exit : FAILED;
  }
}
