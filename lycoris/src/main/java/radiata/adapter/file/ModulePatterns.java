package radiata.adapter.file;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/// PEFT's `rank_pattern` or `alpha_pattern`: numbers for modules whose path matches `^(.*\.)?key$`,
/// the first key that matches wins (PEFT 0.21.0, `utils/other.py` `get_pattern_key`). The keys are
/// regular expressions of a file nobody vouches for, so the steps that all of them may take
/// together are counted.
final class ModulePatterns {
  private static final long STEPS = 20_000_000;

  /// The usual keys: names and dots, which need no expression.
  private static final Predicate<String> PLAIN = Pattern.compile("[\\w.-]+").asMatchPredicate();

  private record Entry(String key, @Nullable Pattern pattern, double value) {}

  private final Path source;
  private final String name;
  private final List<Entry> entries;
  private long steps;

  private ModulePatterns(Path source, String name, List<Entry> entries) {
    this.source = source;
    this.name = name;
    this.entries = entries;
  }

  /// @throws AdapterException if `settings[name]` is no object of numbers under regular expressions
  static ModulePatterns of(Path source, JsonObject settings, String name) {
    List<Entry> entries = new ArrayList<>();
    JsonElement table = settings.get(name);
    if (table instanceof JsonObject object) {
      for (Map.Entry<String, JsonElement> each : object.entrySet()) {
        try {
          String key = each.getKey();
          entries.add(
              new Entry(
                  key,
                  PLAIN.test(key) ? null : Pattern.compile("(?:.*\\.)?(?:" + key + ")$"),
                  PeftConfig.number(source, name + "." + key, each.getValue())));
        } catch (PatternSyntaxException e) {
          throw new AdapterException(
              source, null, "%s: \"%s\" is no regular expression".formatted(name, each.getKey()));
        }
      }
    } else if (table != null && !table.isJsonNull()) {
      throw new AdapterException(source, null, name + " is no object of numbers by module");
    }
    return new ModulePatterns(source, name, entries);
  }

  /// The number of the first pattern that the path matches.
  OptionalDouble of(String path) {
    for (Entry entry : entries) {
      Pattern pattern = entry.pattern();
      if (pattern == null ? endsWith(path, entry.key()) : matches(pattern, path)) {
        return OptionalDouble.of(entry.value());
      }
    }
    return OptionalDouble.empty();
  }

  /// What `(.*\.)?key$` says of a key of names and dots: a dot in it is any character.
  private static boolean endsWith(String path, String key) {
    int start = path.length() - key.length();
    if (start < 0 || (start > 0 && path.charAt(start - 1) != '.')) {
      return false;
    }
    for (int i = 0; i < key.length(); i++) {
      if (key.charAt(i) != '.' && key.charAt(i) != path.charAt(start + i)) {
        return false;
      }
    }
    return true;
  }

  private boolean matches(Pattern pattern, String path) {
    try {
      return pattern.matcher(new Counted(path)).lookingAt();
    } catch (StackOverflowError e) {
      throw tooCostly();
    }
  }

  private AdapterException tooCostly() {
    return new AdapterException(
        source, null, name + ": matching its expressions takes too many steps");
  }

  /// A string that counts how often it is looked at.
  private final class Counted implements CharSequence {
    private final String text;

    Counted(String text) {
      this.text = text;
    }

    @Override
    public char charAt(int index) {
      if (++steps > STEPS) {
        throw tooCostly();
      }
      return text.charAt(index);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.subSequence(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
