package radiata.batch;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import radiata.names.Nearest;
import radiata.toml.TomlEntry;

/// A file name with places for what tells one job from another: `{base}-{adapter}-{strength}`.
final class Template {
  private static final Pattern PLACE = Pattern.compile("\\{([^{}]*)}|[{}]");
  private static final Pattern WEIGHTS =
      Pattern.compile("(?i)\\.(safetensors|ckpt|pt|pth|bin|json)$");

  private Template() {}

  /// The name of an output: the text under `output` with every place filled in.
  ///
  /// @throws radiata.toml.TomlException if it has a place that is not among `values`
  static String name(TomlEntry entry, String template, Map<String, String> values) {
    try {
      return fill(template, values);
    } catch (IllegalArgumentException e) {
      throw entry.error("output", String.valueOf(e.getMessage()));
    }
  }

  /// The text with every place filled in.
  ///
  /// @throws IllegalArgumentException if it has a place that is not among `values`
  static String fill(String template, Map<String, String> values) {
    Matcher place = PLACE.matcher(template);
    StringBuilder filled = new StringBuilder();
    while (place.find()) {
      String name = place.group(1);
      String value = name == null ? null : values.get(name);
      if (value == null) {
        List<String> near = name == null ? List.of() : Nearest.of(name, values.keySet(), 1);
        throw new IllegalArgumentException(
            "'%s' has %s, which stands for nothing; %s"
                .formatted(
                    template,
                    place.group(),
                    near.isEmpty()
                        ? "there are {" + String.join("}, {", values.keySet()) + "}"
                        : "the nearest is {" + near.getFirst() + "}"));
      }
      place.appendReplacement(filled, Matcher.quoteReplacement(value));
    }
    return place.appendTail(filled).toString();
  }

  /// What a model or adapter is called: its file without the extension, its folder; for files that
  /// have the same name everywhere (PEFT's `adapter_model`, an index of shards) the folder they are
  /// in.
  static String stem(Path path) {
    String name = String.valueOf(path.getFileName());
    Path folder = path.toAbsolutePath().getParent();
    boolean common = name.startsWith("adapter_model.") || name.endsWith(".index.json");
    if (common && folder != null && folder.getFileName() != null) {
      return folder.getFileName().toString();
    }
    return WEIGHTS.matcher(name).replaceFirst("");
  }
}
