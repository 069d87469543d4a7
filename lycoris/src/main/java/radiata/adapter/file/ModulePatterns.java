package radiata.adapter.file;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// PEFT's `rank_pattern` or `alpha_pattern`: numbers for modules whose path matches
/// `^(.*\.)?key$`, the first key that matches wins (PEFT 0.21.0, `utils/other.py`
/// `get_pattern_key`). The keys are regular expressions of a file nobody vouches for, so the steps
/// that all of them may take together are counted.
final class ModulePatterns {
  private static final long STEPS = 200_000_000;

  private record Entry(Pattern pattern, double value) {}

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
          entries.add(
              new Entry(
                  Pattern.compile("(?:.*\\.)?(?:" + each.getKey() + ")$"),
                  PeftConfig.number(source, name + "." + each.getKey(), each.getValue())));
        } catch (PatternSyntaxException e) {
          throw new AdapterException(
              source,
              null,
              "%s: \"%s\" is no regular expression".formatted(name, each.getKey()));
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
      if (matches(entry.pattern(), path)) {
        return OptionalDouble.of(entry.value());
      }
    }
    return OptionalDouble.empty();
  }

  private boolean matches(Pattern pattern, String path) {
    try {
      return pattern.matcher(new Counted(path)).lookingAt();
    } catch (StackOverflowError e) {
      throw tooCostly(pattern);
    }
  }

  private AdapterException tooCostly(Object pattern) {
    return new AdapterException(
        source, null, "%s: matching %s takes too many steps".formatted(name, pattern));
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
        throw tooCostly("its patterns");
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
