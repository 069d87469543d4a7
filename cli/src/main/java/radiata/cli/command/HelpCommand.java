package radiata.cli.command;

import java.util.List;
import radiata.cli.report.Console;

/// `help`: the overview, or the help of one command.
final class HelpCommand implements Command {
  @Override
  public String name() {
    return "help";
  }

  @Override
  public String summary() {
    return "Shows how a command is used.";
  }

  @Override
  public List<String> usage() {
    return List.of("[command]");
  }

  @Override
  public List<Example> examples() {
    return List.of(new Example("help", "all commands"), new Example("help inspect", "one of them"));
  }

  @Override
  public List<Section> sections() {
    return List.of();
  }

  @Override
  public int run(Arguments arguments, Console console) {
    List<String> words = arguments.words();
    if (words.isEmpty()) {
      console.raw(Help.overview(console.width()));
    } else {
      Command command = Commands.named(arguments.words("command").getFirst());
      console.raw(Help.of(command, console.width()));
    }
    return 0;
  }
}
