package radiata.names;

import java.util.List;

/// How one module path is written by different programs.
final class Spelling {
  private static final String OUT = ".to_out.0";

  private Spelling() {}

  /// A path as kohya's names have it. There is no way back.
  static String flat(String path) {
    return path.replace('.', '_');
  }

  /// The path, and what old diffusers files and ComfyUI call it: an attention's output layer
  /// without its place in the list.
  static List<String> of(String path) {
    return path.endsWith(OUT) ? List.of(path, path.substring(0, path.length() - 2)) : List.of(path);
  }

  /// A dotted name without what live modules and old diffusers files put in it:
  /// `attn1.processor.to_q_lora`, `to_q.base_layer`.
  static String modern(String name) {
    String plain = drop(drop(name, ".processor"), ".base_layer");
    return plain.endsWith("_lora") ? plain.substring(0, plain.length() - 5) : plain;
  }

  private static String drop(String name, String level) {
    int at = name.indexOf(level);
    while (at >= 0) {
      int end = at + level.length();
      if (end == name.length() || name.charAt(end) == '.') {
        return name.substring(0, at) + name.substring(end);
      }
      at = name.indexOf(level, end);
    }
    return name;
  }
}
