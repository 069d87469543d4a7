package radiata.cli.command;

import java.util.ArrayList;
import java.util.List;
import org.apache.commons.cli.Option;

/// Completion scripts, made from the list of commands.
final class Completions {
  private Completions() {}

  static String bash() {
    StringBuilder script = new StringBuilder();
    script.append(
        """
        _radiata() {
          local word=${COMP_WORDS[COMP_CWORD]} command='' i
          for ((i = 1; i < COMP_CWORD; i++)); do
            if [[ ${COMP_WORDS[i]} != -* ]]; then
              command=${COMP_WORDS[i]}
              break
            fi
          done
          local options
          case $command in
        """);
    for (Command command : Commands.all()) {
      script.append("    %s) options='%s' ;;\n".formatted(command.name(), spellings(command)));
    }
    script.append(
        """
            *) COMPREPLY=($(compgen -W '%s' -- "$word")); return ;;
          esac
          if [[ $word == -* ]]; then
            COMPREPLY=($(compgen -W "$options" -- "$word"))
          elif [[ $command == help ]]; then
            COMPREPLY=($(compgen -W '%s' -- "$word"))
          else
            compopt -o filenames 2>/dev/null
            COMPREPLY=($(compgen -f -- "$word"))
          fi
        }
        complete -F _radiata radiata
        """
            .formatted(String.join(" ", Commands.names()), String.join(" ", Commands.names())));
    return script.toString();
  }

  static String zsh() {
    StringBuilder script = new StringBuilder();
    script.append("#compdef radiata\n\n_radiata() {\n  local -a commands\n  commands=(\n");
    for (Command command : Commands.all()) {
      script.append("    '%s:%s'\n".formatted(command.name(), quoted(command.summary(), "'\\''")));
    }
    script.append(
        """
          )
          if ((CURRENT == 2)); then
            _describe command commands
            return
          fi
          case $words[2] in
        """);
    for (Command command : Commands.all()) {
      script.append("    %s)\n      _arguments".formatted(command.name()));
      for (Option option : Flags.of(command)) {
        script.append(" \\\n        ").append(zshOption(option));
      }
      script.append(
          command.name().equals("help")
              ? " \\\n        '*:command:(%s)' ;;\n".formatted(String.join(" ", Commands.names()))
              : " \\\n        '*:file:_files' ;;\n");
    }
    return script.append("  esac\n}\n\n_radiata \"$@\"\n").toString();
  }

  private static String zshOption(Option option) {
    String text =
        quoted(String.valueOf(option.getDescription()), "'\\''")
            .replace("[", "\\[")
            .replace("]", "\\]");
    String value = option.hasArg() ? ":%s:_files".formatted(option.getArgName()) : "";
    String name = "--" + option.getLongOpt() + (option.hasArg() ? "=" : "");
    return option.getOpt() == null
        ? "'%s[%s]%s'".formatted(name, text, value)
        : "{-%s,%s}'[%s]%s'".formatted(option.getOpt(), name, text, value);
  }

  static String fish() {
    StringBuilder script = new StringBuilder();
    for (Command command : Commands.all()) {
      script.append(
          "complete -c radiata -f -n __fish_use_subcommand -a %s -d '%s'\n"
              .formatted(command.name(), quoted(command.summary(), "\\'")));
      for (Option option : Flags.of(command)) {
        script.append(
            "complete -c radiata -n '__fish_seen_subcommand_from %s' -l %s"
                .formatted(command.name(), option.getLongOpt()));
        if (option.getOpt() != null) {
          script.append(" -s ").append(option.getOpt());
        }
        script
            .append(option.hasArg() ? " -r" : "")
            .append(" -d '%s'\n".formatted(quoted(String.valueOf(option.getDescription()), "\\'")));
      }
    }
    return script.toString();
  }

  private static String spellings(Command command) {
    List<String> spellings = new ArrayList<>();
    for (Option option : Flags.of(command)) {
      spellings.add("--" + option.getLongOpt());
    }
    return String.join(" ", spellings);
  }

  private static String quoted(String text, String quote) {
    return text.replace("'", quote);
  }
}
