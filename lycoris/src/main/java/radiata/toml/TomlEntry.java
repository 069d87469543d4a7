package radiata.toml;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;
import radiata.names.Nearest;
import radiata.safetensors.provenance.DerivedMetadata;

/// A table of a TOML 1.0 file, read strictly: every error names the line and column at fault.
///
/// @param file it stands in
/// @param name what messages call the table: `[grid]`; empty for the whole file
/// @param at where it begins
public record TomlEntry(Path file, String name, TomlTable table, TomlPosition at) {
  private static final int NEAREST = 1;
  private static final long MOST_BYTES = 16 << 20;

  /// The whole file as one table.
  ///
  /// @param kind what messages call such a file: `a manifest`
  /// @throws TomlException if it is longer than 16 MiB, no UTF-8 or no TOML
  public static TomlEntry read(Path file, String kind) throws IOException {
    if (Files.size(file) > MOST_BYTES) {
      throw new TomlException(
          file, "%,d bytes; %s has at most %,d".formatted(Files.size(file), kind, MOST_BYTES));
    }
    TomlParseResult result;
    try {
      result = Toml.parse(Files.readString(file));
    } catch (CharacterCodingException e) {
      throw new TomlException(file, "it is not UTF-8, as TOML has to be");
    } catch (StackOverflowError e) {
      throw new TomlException(file, "it is nested too deeply");
    }
    if (result.hasErrors()) {
      TomlParseError error = result.errors().getFirst();
      String what = String.valueOf(error.getMessage()).lines().findFirst().orElse("no TOML");
      throw new TomlException(file, place(error.position()) + ": " + what);
    }
    return new TomlEntry(file, "", result, TomlPosition.positionAt(1, 1));
  }

  /// Checks the keys of the table.
  ///
  /// @throws TomlException if the table has a key that is not in `known`
  public void requireKnown(Collection<String> known) {
    for (String key : table.keySet()) {
      if (!known.contains(key)) {
        throw unknown(key, known);
      }
    }
  }

  /// That nobody knows a key, and what may have been meant.
  public TomlException unknown(String key, Collection<String> known) {
    List<String> near = Nearest.of(key, known, NEAREST);
    return error(
        key,
        "unknown key '%s'%s; %s"
            .formatted(
                key,
                name.isEmpty() ? "" : " in " + name,
                near.isEmpty()
                    ? "the keys here are " + String.join(", ", known)
                    : "the nearest is '" + near.getFirst() + "'"));
  }

  public boolean has(String key) {
    return table.contains(List.of(key));
  }

  public Optional<String> text(String key) {
    return switch (value(key)) {
      case null -> Optional.empty();
      case String text when !text.isEmpty() -> Optional.of(text);
      default -> throw error(key, "'%s' is not a text, or an empty one".formatted(key));
    };
  }

  public String requiredText(String key) {
    return text(key).orElseThrow(() -> missing(key));
  }

  public TomlException missing(String key) {
    return new TomlException(
        file,
        "%s: '%s' is missing%s".formatted(place(at), key, name.isEmpty() ? "" : " in " + name));
  }

  public OptionalDouble number(String key) {
    Object value = value(key);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(number(key, value, at(key)));
  }

  private double number(String key, Object value, TomlPosition where) {
    double number =
        switch (value) {
          case Long whole -> whole;
          case Double fraction -> fraction;
          default -> Double.NaN;
        };
    if (!Double.isFinite(number)) {
      throw new TomlException(file, "%s: '%s' is not a finite number".formatted(place(where), key));
    }
    return number;
  }

  public Optional<Long> whole(String key) {
    return switch (value(key)) {
      case null -> Optional.empty();
      case Long whole -> Optional.of(whole);
      default -> throw error(key, "'%s' is not a whole number".formatted(key));
    };
  }

  public Optional<Boolean> flag(String key) {
    return switch (value(key)) {
      case null -> Optional.empty();
      case Boolean flag -> Optional.of(flag);
      default -> throw error(key, "'%s' is not true or false".formatted(key));
    };
  }

  /// A whole number from `least` on.
  public OptionalInt integer(String key, int least) {
    Optional<Long> whole = whole(key);
    if (whole.isEmpty()) {
      return OptionalInt.empty();
    }
    if (whole.get() < least || whole.get() > Integer.MAX_VALUE) {
      throw error(key, "'%s' is %d, from %d on is expected".formatted(key, whole.get(), least));
    }
    return OptionalInt.of((int) (long) whole.get());
  }

  /// A date, with or without a time: one of TOML's own, or a text.
  public Optional<String> date(String key) {
    Optional<String> date =
        switch (value(key)) {
          case LocalDate day -> Optional.of(day.toString());
          case LocalDateTime time -> Optional.of(time.toString());
          case OffsetDateTime time -> Optional.of(time.toString());
          case null, default -> text(key);
        };
    if (date.isPresent() && !DerivedMetadata.isDate(date.get())) {
      throw error(
          key,
          "'%s': '%s' is no date; write it like 2026-05-12 or 2026-05-12T10:00:00Z"
              .formatted(key, date.get()));
    }
    return date;
  }

  /// One of `choices`.
  public Optional<String> choice(String key, Collection<String> choices) {
    Optional<String> text = text(key);
    text.ifPresent(chosen -> requireAmong(key, chosen, choices));
    return text;
  }

  /// Checks a choice.
  ///
  /// @throws TomlException if what stands under `key` is none of `choices`
  public void requireAmong(String key, String chosen, Collection<String> choices) {
    if (!choices.contains(chosen)) {
      List<String> near = Nearest.of(chosen, choices, NEAREST);
      throw error(
          key,
          "'%s': '%s' is none of %s%s"
              .formatted(
                  key,
                  chosen,
                  String.join(", ", choices),
                  near.isEmpty() ? "" : "; the nearest is '" + near.getFirst() + "'"));
    }
  }

  /// A list that must be there and hold something.
  public List<Double> numbers(String key) {
    TomlArray array = array(key);
    List<Double> numbers = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      numbers.add(number(key, array.get(i), array.inputPositionOf(i)));
    }
    return numbers;
  }

  /// A list of texts that must be there and hold something.
  public List<String> texts(String key) {
    TomlArray array = array(key);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      texts.add(text(key, array, i));
    }
    return texts;
  }

  /// A text, or a list of texts that holds something; empty if it is not there.
  public List<String> oneOrMore(String key) {
    return value(key) instanceof TomlArray ? texts(key) : text(key).stream().toList();
  }

  /// A list in which each element is a text or a list of texts.
  public List<List<String>> lists(String key) {
    TomlArray array = array(key);
    List<List<String>> lists = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      if (array.get(i) instanceof TomlArray inner && !inner.isEmpty()) {
        List<String> texts = new ArrayList<>();
        for (int j = 0; j < inner.size(); j++) {
          texts.add(text(key, inner, j));
        }
        lists.add(texts);
      } else {
        lists.add(List.of(text(key, array, i)));
      }
    }
    return lists;
  }

  private String text(String key, TomlArray array, int i) {
    if (array.get(i) instanceof String text && !text.isEmpty()) {
      return text;
    }
    throw new TomlException(
        file,
        "%s: element %d of '%s' is not a text, or an empty one"
            .formatted(place(array.inputPositionOf(i)), i + 1, key));
  }

  private TomlArray array(String key) {
    return switch (value(key)) {
      case null -> throw missing(key);
      case TomlArray array when !array.isEmpty() -> array;
      default -> throw error(key, "'%s' is not a list, or an empty one".formatted(key));
    };
  }

  /// The tables under a key: `[key]` is one, `[[key]]` are many.
  public List<TomlEntry> entries(String key) {
    List<TomlEntry> entries = new ArrayList<>();
    switch (value(key)) {
      case null -> {}
      case TomlTable one -> entries.add(new TomlEntry(file, "[" + key + "]", one, at(key)));
      case TomlArray many -> {
        for (int i = 0; i < many.size(); i++) {
          if (!(many.get(i) instanceof TomlTable each)) {
            throw error(key, "'%s' is not a table: write [[%s]]".formatted(key, key));
          }
          entries.add(new TomlEntry(file, "[[" + key + "]]", each, many.inputPositionOf(i)));
        }
      }
      default -> throw error(key, "'%s' is not a table: write [%s]".formatted(key, key));
    }
    return entries;
  }

  private @Nullable Object value(String key) {
    return table.get(List.of(key));
  }

  /// Where a key stands.
  public TomlPosition at(String key) {
    TomlPosition position = table.inputPositionOf(List.of(key));
    return position == null ? at : position;
  }

  /// A path, relative to `folder`.
  public Path path(String key, Path folder, String text) {
    try {
      return folder.resolve(text).normalize();
    } catch (InvalidPathException e) {
      throw error(key, "'%s' is no path: %s".formatted(text, e.getReason()));
    }
  }

  public TomlException error(String key, String what) {
    return new TomlException(file, place(at(key)) + ": " + what);
  }

  /// `line 3, column 1`.
  public static String place(TomlPosition at) {
    return "line %d, column %d".formatted(at.line(), at.column());
  }

  public String place() {
    return place(at);
  }
}
