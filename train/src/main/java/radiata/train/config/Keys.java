package radiata.train.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.tomlj.TomlTable;
import radiata.toml.TomlEntry;
import radiata.toml.TomlException;

/// The keys of a config, looked up level by level: what stands nearer goes before. Mistakes are
/// gathered, not thrown, so that all of them can be told at once. A key is known because somebody
/// asks for it: there is no second list of names.
final class Keys {
  /// Where a key stands, and how it is spelled there.
  record Place(TomlEntry table, String key) {
    TomlException error(String what) {
      return table.error(key, "'%s': %s".formatted(key, what));
    }

    String text() {
      return table.requiredText(key);
    }
  }

  private final List<Map<String, Place>> levels;
  private final List<String> mistakes;
  private final Set<String> asked = new LinkedHashSet<>();

  private Keys(List<Map<String, Place>> levels, List<String> mistakes) {
    this.levels = levels;
    this.mistakes = mistakes;
  }

  /// All keys of a file as one level. Its tables only group them, as in sd-scripts'
  /// `--config_file`.
  static Keys flat(TomlEntry root, List<String> mistakes) {
    Keys keys = new Keys(List.of(new LinkedHashMap<>()), mistakes);
    for (String key : root.table().keySet()) {
      if (root.table().get(List.of(key)) instanceof TomlTable) {
        keys.add(root.entries(key).getFirst());
      } else {
        keys.add(Spellings.of(key), new Place(root, key));
      }
    }
    return keys;
  }

  /// The keys of one table before those of others.
  ///
  /// @param mistakes where those of this table go
  static Keys above(TomlEntry table, Keys others, List<String> mistakes) {
    List<Map<String, Place>> levels = new ArrayList<>(List.of(new LinkedHashMap<>()));
    levels.addAll(others.levels);
    Keys keys = new Keys(levels, mistakes);
    keys.add(table);
    return keys;
  }

  private void add(TomlEntry table) {
    for (String key : table.table().keySet()) {
      add(Spellings.of(key), new Place(table, key));
    }
  }

  /// Puts a key on the nearest level; one that is there already is a mistake.
  void add(String name, Place place) {
    Place before = levels.getFirst().putIfAbsent(name, place);
    if (before != null) {
      mistakes.add(place.error("it is given already, as '%s'".formatted(before.key())).said());
    }
  }

  void mistake(TomlException mistake) {
    mistakes.add(mistake.said());
  }

  /// A mistake at the key, or at the top of the file if it is not there.
  void mistake(String name, String what) {
    mistakes.add(place(name).map(place -> place.error(what).said()).orElse(what));
  }

  Optional<Place> place(String name) {
    asked.add(name);
    return levels.stream()
        .filter(level -> level.containsKey(name))
        .findFirst()
        .map(level -> level.get(name));
  }

  boolean has(String name) {
    return place(name).isPresent();
  }

  private <T> Optional<T> read(String name, Function<Place, T> as) {
    return place(name)
        .flatMap(place -> {
          try {
            return Optional.of(as.apply(place));
          } catch (TomlException e) {
            mistakes.add(e.said());
            return Optional.empty();
          }
        });
  }

  Optional<String> text(String name) {
    return read(name, Place::text);
  }

  /// A text that may be empty.
  String textOr(String name, String otherwise) {
    return read(
            name,
            place ->
                place.table().table().get(List.of(place.key())) instanceof String empty
                        && empty.isEmpty()
                    ? ""
                    : place.text())
        .orElse(otherwise);
  }

  List<String> texts(String name) {
    return read(name, place -> place.table().oneOrMore(place.key())).orElse(List.of());
  }

  boolean flag(String name, boolean otherwise) {
    return read(name, place -> place.table().flag(place.key()).orElseThrow()).orElse(otherwise);
  }

  Optional<Boolean> flag(String name) {
    return read(name, place -> place.table().flag(place.key()).orElseThrow());
  }

  int whole(String name, int least, int most, int otherwise) {
    return read(name, place -> whole(place, least, most)).orElse(otherwise);
  }

  static int whole(Place place, int least, int most) {
    long value = place.table().whole(place.key()).orElseThrow();
    if (value < least || value > most) {
      throw place.error("%d is not from %d to %d".formatted(value, least, most));
    }
    return (int) value;
  }

  Optional<Long> seed(String name) {
    return read(name, place -> place.table().whole(place.key()).orElseThrow());
  }

  double number(String name, double least, double most, double otherwise) {
    return read(name, place -> number(place, least, most)).orElse(otherwise);
  }

  static double number(Place place, double least, double most) {
    double value = place.table().number(place.key()).orElseThrow();
    if (value < least || value > most) {
      throw place.error(
          "%s is not from %s to %s".formatted(plain(value), plain(least), plain(most)));
    }
    return value;
  }

  static String plain(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  <E extends Enum<E>> E choice(String name, Class<E> type, E otherwise) {
    return choice(name, type).orElse(otherwise);
  }

  /// One of an enum's names in lower case.
  <E extends Enum<E>> Optional<E> choice(String name, Class<E> type) {
    Map<String, E> all = new LinkedHashMap<>();
    for (E each : type.getEnumConstants()) {
      all.put(each.name().toLowerCase(Locale.ROOT), each);
    }
    return read(
        name,
        place -> {
          String text = place.text();
          place.table().requireAmong(place.key(), text, all.keySet());
          return Objects.requireNonNull(all.get(text));
        });
  }

  /// A path, relative to the folder of the file it stands in.
  static Path path(Place place, String text) {
    Path folder = place.table().file().toAbsolutePath().getParent();
    Path here = folder == null ? place.table().file().toAbsolutePath() : folder;
    return place.table().path(place.key(), here, text);
  }

  Optional<Path> path(String name) {
    return read(name, place -> path(place, place.text()));
  }

  /// A path to something that is there.
  Optional<Path> existing(String name) {
    return read(
        name,
        place -> {
          Path path = path(place, place.text());
          if (!Files.exists(path)) {
            throw place.error("%s does not exist".formatted(path));
          }
          return path;
        });
  }

  /// Folders that are there.
  List<Path> folders(String name) {
    return read(
            name,
            place ->
                place.table().oneOrMore(place.key()).stream()
                    .map(text -> folder(place, text))
                    .toList())
        .orElse(List.of());
  }

  /// One folder that is there.
  Optional<Path> folder(String name) {
    return read(name, place -> folder(place, place.text()));
  }

  private static Path folder(Place place, String text) {
    Path path = path(place, text);
    if (!Files.isDirectory(path)) {
      throw place.error(
          Files.exists(path)
              ? "%s is not a folder".formatted(path)
              : "the folder %s does not exist".formatted(path));
    }
    return path;
  }

  /// Any reading that is not one of the above.
  <T> T other(String name, T otherwise, Function<Place, T> as) {
    return read(name, as).orElse(otherwise);
  }

  /// That at most one of these is there.
  void requireOne(String... names) {
    List<Place> there = Arrays.stream(names).flatMap(name -> place(name).stream()).toList();
    if (there.size() > 1) {
      mistakes.add(
          there
              .getLast()
              .error(
                  "'%s' says the same in another way; write one".formatted(there.getFirst().key()))
              .said());
    }
  }

  /// All that has been asked for.
  Set<String> asked() {
    return asked;
  }

  /// Notes keys on the nearest level that nobody asked for. Those of sd-scripts that are not built
  /// are refused with their reason, never as unknown.
  ///
  /// @param known names besides those that were asked for here
  void finish(Set<String> known) {
    Set<String> all = new LinkedHashSet<>(asked);
    all.addAll(known);
    all.addAll(Spellings.shortFor(all));
    levels
        .getFirst()
        .forEach((name, place) -> {
          if (!all.contains(name)) {
            mistakes.add(
                Unbuilt.why(name)
                    .map(why -> place.error(why).said())
                    .orElseGet(() -> place.table().unknown(place.key(), all).said()));
          }
        });
  }
}
