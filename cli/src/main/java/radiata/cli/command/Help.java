package radiata.cli.command;

import org.apache.commons.cli.Option;

/// The help: usage, one sentence, examples first, then options in groups.
final class Help {
  private static final int COLUMN = 28;
  private static final int MARGIN = 2;
  private static final int WIDEST = 100;

  private Help() {}

  static String overview(int width) {
    StringBuilder help = new StringBuilder();
    help.append(
        """
        usage: radiata <command> [options] arguments

        Reads, checks and bakes adapters of diffusion models and language models.

        Examples
          radiata inspect lora.safetensors
              what is in this file, and who wrote it
          radiata verify lora.safetensors --base model.safetensors
              is it sound, and does it fit

        Commands
        """);
    for (Command command : Commands.all()) {
      entry(help, command.name(), command.summary(), width);
    }
    section(help, Flags.COMMON, width);
    entry(help, Flags.spelled(Flags.VERSION), described(Flags.VERSION), width);
    return help.append("\nradiata help <command> tells more of one.\n").toString();
  }

  static String of(Command command, int width) {
    StringBuilder help = new StringBuilder();
    String lead = "usage: ";
    for (String form : command.usage()) {
      help.append((lead + "radiata " + command.name() + " " + form).stripTrailing()).append('\n');
      lead = "       ";
    }
    help.append('\n').append(wrapped(command.summary(), 0, width)).append("\n\nExamples\n");
    for (Command.Example example : command.examples()) {
      help.append("  radiata ").append(example.line()).append('\n');
      help.append("      ").append(wrapped(example.does(), 6, width)).append('\n');
    }
    command.sections().forEach(section -> section(help, section, width));
    section(help, Flags.COMMON, width);
    for (String note : command.notes()) {
      help.append('\n').append(wrapped(note, 0, width)).append('\n');
    }
    return help.toString();
  }

  private static void section(StringBuilder help, Section section, int width) {
    help.append('\n').append(section.title()).append('\n');
    for (Option option : section.options()) {
      String argument = option.hasArg() ? " " + option.getArgName() : "";
      entry(help, Flags.spelled(option) + argument, described(option), width);
    }
  }

  private static String described(Option option) {
    return String.valueOf(option.getDescription());
  }

  private static void entry(StringBuilder help, String term, String text, int width) {
    String head = " ".repeat(MARGIN) + term;
    if (head.length() > COLUMN - 2) {
      help.append(head).append('\n').append(" ".repeat(COLUMN));
    } else {
      help.append(head).append(" ".repeat(COLUMN - head.length()));
    }
    help.append(wrapped(text, COLUMN, width)).append('\n');
  }

  /// `text` in lines of at most `width`, all but the first indented; the first starts where the
  /// indentation ends.
  static String wrapped(String text, int indent, int width) {
    int room = Math.max(40, Math.min(WIDEST, width)) - indent;
    StringBuilder lines = new StringBuilder();
    int used = 0;
    for (String word : text.split(" ", -1)) {
      if (used > 0 && used + 1 + word.length() > room) {
        lines.append('\n').append(" ".repeat(indent));
        used = 0;
      }
      lines.append(used == 0 ? "" : " ").append(word);
      used += (used == 0 ? 0 : 1) + word.length();
    }
    return lines.toString();
  }
}
