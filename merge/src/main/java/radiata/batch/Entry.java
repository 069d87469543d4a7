package radiata.batch;

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
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;
import radiata.names.Nearest;
import radiata.safetensors.provenance.DerivedMetadata;

/// A table of a manifest, read strictly: every error names the line and column at fault.
///
/// @param file the manifest
/// @param name what messages call the table: `[grid]`; empty for the whole file
/// @param at where it begins
record Entry(Path file, String name, TomlTable table, TomlPosition at) {
  private static final int NEAREST = 1;

  /// @throws ManifestException if the table has a key that is not in `known`
  void requireKnown(Collection<String> known) {
    for (String key : table.keySet()) {
      if (!known.contains(key)) {
        List<String> near = Nearest.of(key, known, NEAREST);
        throw error(
            key,
            "unknown key '%s'%s; %s"
                .formatted(
                    key,
                    name.isEmpty() ? "" : " in " + name,
                    near.isEmpty()
                        ? "the keys here are " + String.join(", ", known)
                        : "the nearest is '" + near.getFirst() + "'"));
      }
    }
  }

  boolean has(String key) {
    return table.contains(List.of(key));
  }

  Optional<String> text(String key) {
    return switch (value(key)) {
      case null -> Optional.empty();
      case String text when !text.isEmpty() -> Optional.of(text);
      default -> throw error(key, "'%s' is not a text, or an empty one".formatted(key));
    };
  }

  String requiredText(String key) {
    return text(key).orElseThrow(() -> missing(key));
  }

  ManifestException missing(String key) {
    return new ManifestException(
        file,
        "%s: '%s' is missing%s".formatted(place(at), key, name.isEmpty() ? "" : " in " + name));
  }

  OptionalDouble number(String key) {
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
      throw new ManifestException(
          file, "%s: '%s' is not a finite number".formatted(place(where), key));
    }
    return number;
  }

  Optional<Long> whole(String key) {
    return switch (value(key)) {
      case null -> Optional.empty();
      case Long whole -> Optional.of(whole);
      default -> throw error(key, "'%s' is not a whole number".formatted(key));
    };
  }

  Optional<Boolean> flag(String key) {
    return switch (value(key)) {
      case null -> Optional.empty();
      case Boolean flag -> Optional.of(flag);
      default -> throw error(key, "'%s' is not true or false".formatted(key));
    };
  }

  /// A whole number from `least` on.
  OptionalInt integer(String key, int least) {
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
  Optional<String> date(String key) {
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
  Optional<String> choice(String key, Collection<String> choices) {
    Optional<String> text = text(key);
    text.ifPresent(chosen -> requireAmong(key, chosen, choices));
    return text;
  }

  /// @throws ManifestException if what stands under `key` is none of `choices`
  void requireAmong(String key, String chosen, Collection<String> choices) {
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
  List<Double> numbers(String key) {
    TomlArray array = array(key);
    List<Double> numbers = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      numbers.add(number(key, array.get(i), array.inputPositionOf(i)));
    }
    return numbers;
  }

  /// A list of texts that must be there and hold something.
  List<String> texts(String key) {
    TomlArray array = array(key);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      texts.add(text(key, array, i));
    }
    return texts;
  }

  /// A text, or a list of texts that holds something; empty if it is not there.
  List<String> oneOrMore(String key) {
    return value(key) instanceof TomlArray ? texts(key) : text(key).stream().toList();
  }

  /// A list in which each element is a text or a list of texts.
  List<List<String>> lists(String key) {
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
    throw new ManifestException(
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
  List<Entry> entries(String key) {
    List<Entry> entries = new ArrayList<>();
    switch (value(key)) {
      case null -> {}
      case TomlTable one -> entries.add(new Entry(file, "[" + key + "]", one, at(key)));
      case TomlArray many -> {
        for (int i = 0; i < many.size(); i++) {
          if (!(many.get(i) instanceof TomlTable each)) {
            throw error(key, "'%s' is not a table: write [[%s]]".formatted(key, key));
          }
          entries.add(new Entry(file, "[[" + key + "]]", each, many.inputPositionOf(i)));
        }
      }
      default -> throw error(key, "'%s' is not a table: write [%s]".formatted(key, key));
    }
    return entries;
  }

  private @Nullable Object value(String key) {
    return table.get(List.of(key));
  }

  private TomlPosition at(String key) {
    TomlPosition position = table.inputPositionOf(List.of(key));
    return position == null ? at : position;
  }

  /// A path, relative to `folder`.
  Path path(String key, Path folder, String text) {
    try {
      return folder.resolve(text).normalize();
    } catch (InvalidPathException e) {
      throw error(key, "'%s' is no path: %s".formatted(text, e.getReason()));
    }
  }

  ManifestException error(String key, String what) {
    return new ManifestException(file, place(at(key)) + ": " + what);
  }

  /// `line 3, column 1`.
  static String place(TomlPosition at) {
    return "line %d, column %d".formatted(at.line(), at.column());
  }

  String place() {
    return place(at);
  }
}
