package radiata.cli.command;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.MissingArgumentException;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.commons.cli.UnrecognizedOptionException;

/// What a command line holds: options and positional arguments, converted on demand. Every error is
/// a [UsageException] in the words of the user's own command line.
public final class Arguments {
  private final CommandLine line;

  private Arguments(CommandLine line) {
    this.line = line;
  }

  /// @param stopAtWord whether the first word that is no option ends the parsing; the rest is then
  ///   found among the [#words]
  static Arguments parse(List<Option> known, List<String> args, boolean stopAtWord) {
    Options options = new Options();
    known.forEach(options::addOption);
    DefaultParser parser =
        DefaultParser.builder()
            .setAllowPartialMatching(false)
            .setStripLeadingAndTrailingQuotes(false)
            .get();
    try {
      return new Arguments(parser.parse(options, args.toArray(String[]::new), stopAtWord));
    } catch (UnrecognizedOptionException e) {
      throw unknown(e.getOption(), known);
    } catch (MissingArgumentException e) {
      throw new UsageException(
          "--%s: a value is missing (%s)"
              .formatted(e.getOption().getLongOpt(), e.getOption().getArgName()));
    } catch (ParseException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  static UsageException unknown(String typed, List<Option> known) {
    String word = typed.contains("=") ? typed.substring(0, typed.indexOf('=')) : typed;
    List<String> spellings = new ArrayList<>();
    for (Option option : known) {
      spellings.add("--" + option.getLongOpt());
      if (option.getOpt() != null) {
        spellings.add("-" + option.getOpt());
      }
    }
    return new UsageException(
        "unknown option '%s'; the nearest is '%s'".formatted(word, Nearest.of(word, spellings)));
  }

  public boolean has(Option option) {
    return line.hasOption(option);
  }

  /// The positional arguments.
  public List<String> words() {
    return line.getArgList();
  }

  /// The positional arguments, of which there must be exactly as many as `names`.
  public List<String> words(String... names) {
    List<String> words = words();
    if (words.size() < names.length) {
      throw new UsageException(names[words.size()] + " is missing");
    }
    if (words.size() > names.length) {
      throw new UsageException("one argument too many: '%s'".formatted(words.get(names.length)));
    }
    return words;
  }

  /// The value of an option; of several the last.
  public Optional<String> text(Option option) {
    List<String> all = texts(option);
    return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
  }

  /// The values of an option that may be given several times, in order.
  public List<String> texts(Option option) {
    String[] values = line.getOptionValues(option);
    return values == null ? List.of() : Arrays.asList(values);
  }

  /// The value of an option that must be there.
  public String required(Option option) {
    return text(option)
        .orElseThrow(() ->
            new UsageException(
                "%s %s is missing".formatted(Flags.spelled(option), option.getArgName())));
  }

  /// The value of an option, one of `choices`.
  public Optional<String> choice(Option option, List<String> choices) {
    Optional<String> value = text(option);
    value.ifPresent(chosen -> {
      if (!choices.contains(chosen)) {
        throw new UsageException(
            "--%s: '%s' is none of %s; the nearest is '%s'"
                .formatted(
                    option.getLongOpt(),
                    chosen,
                    String.join(", ", choices),
                    Nearest.of(chosen, choices)));
      }
    });
    return value;
  }

  /// A whole number from `least` on.
  public OptionalInt integer(Option option, int least) {
    Optional<String> value = text(option);
    if (value.isEmpty()) {
      return OptionalInt.empty();
    }
    try {
      int number = Integer.parseInt(value.get());
      if (number >= least) {
        return OptionalInt.of(number);
      }
    } catch (NumberFormatException e) {
      if (!value.get().matches("[-+]?[0-9]+")) {
        throw notNumber(option, value.get());
      }
    }
    throw new UsageException(
        "--%s: '%s' is not a whole number from %d to %d"
            .formatted(option.getLongOpt(), value.get(), least, Integer.MAX_VALUE));
  }

  /// A finite number.
  public OptionalDouble number(Option option) {
    Optional<String> value = text(option);
    return value.isEmpty()
        ? OptionalDouble.empty()
        : OptionalDouble.of(finite(value.get()).orElseThrow(() -> notNumber(option, value.get())));
  }

  /// `text` as a finite decimal number; empty if it is none. `1f`, `0x1p3` and `NaN`, which Java
  /// takes for numbers, are none.
  static OptionalDouble finite(String text) {
    if (!text.matches("[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?")) {
      return OptionalDouble.empty();
    }
    double number = Double.parseDouble(text);
    return Double.isFinite(number) ? OptionalDouble.of(number) : OptionalDouble.empty();
  }

  /// `text` as a path.
  static Path path(String text) {
    try {
      if (!text.isEmpty()) {
        return Path.of(text);
      }
    } catch (InvalidPathException e) {
      throw new UsageException("'%s' is no path: %s".formatted(text, e.getReason()));
    }
    throw new UsageException("an empty path");
  }

  private static UsageException notNumber(Option option, String value) {
    return new UsageException("--%s: '%s' is not a number".formatted(option.getLongOpt(), value));
  }
}
