package radiata.cli.command;

import java.util.List;
import java.util.Optional;

/// All commands, in the order in which the help lists them.
public final class Commands {
  private static final List<Command> ALL =
      List.of(
          new InspectCommand(),
          new VerifyCommand(),
          new BakeCommand(),
          new ConvertCommand(),
          new BatchCommand(),
          new ParityCommand(),
          new CompareCommand(),
          new MetadataCommand(),
          new TrainCommand(),
          new ReplayCommand(),
          new DemoCommand(),
          new DoctorCommand(),
          new CompletionCommand(),
          new HelpCommand());

  private Commands() {}

  public static List<Command> all() {
    return ALL;
  }

  static List<String> names() {
    return ALL.stream().map(Command::name).toList();
  }

  static Optional<Command> find(String name) {
    return ALL.stream().filter(command -> command.name().equals(name)).findFirst();
  }

  /// The command of that name.
  ///
  /// @throws UsageException if there is no such command; it names the nearest
  public static Command named(String name) {
    return find(name)
        .orElseThrow(() ->
            new UsageException(
                "unknown command '%s'; the nearest is '%s'"
                    .formatted(name, Nearest.of(name, names()))));
  }
}
