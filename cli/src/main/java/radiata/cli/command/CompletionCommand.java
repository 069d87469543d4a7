package radiata.cli.command;

import java.util.List;
import radiata.cli.report.Console;

/// `completion`: a script that lets a shell complete commands, options and files.
final class CompletionCommand implements Command {
  private static final List<String> SHELLS = List.of("bash", "zsh", "fish");

  @Override
  public String name() {
    return "completion";
  }

  @Override
  public String summary() {
    return "Prints a completion script for a shell.";
  }

  @Override
  public List<String> usage() {
    return List.of("bash|zsh|fish");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example("completion bash > ~/.local/share/bash-completion/completions/radiata", "bash"),
        new Example("completion zsh > ~/.zfunc/_radiata", "zsh, with ~/.zfunc in fpath"),
        new Example("completion fish > ~/.config/fish/completions/radiata.fish", "fish"));
  }

  @Override
  public List<Section> sections() {
    return List.of();
  }

  @Override
  public int run(Arguments arguments, Console console) {
    String shell = arguments.words("the shell (bash, zsh or fish)").getFirst();
    console.raw(
        switch (shell) {
          case "bash" -> Completions.bash();
          case "zsh" -> Completions.zsh();
          case "fish" -> Completions.fish();
          default ->
              throw new UsageException(
                  "unknown shell '%s'; the nearest is '%s'"
                      .formatted(shell, Nearest.of(shell, SHELLS)));
        });
    return 0;
  }
}
