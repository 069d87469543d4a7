package radiata.adapter.file;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import radiata.names.Dialect;

/// Whose way of naming modules a file follows: that of most of its keys.
///
/// @param dialect the one most keys follow
/// @param because how many, in words
record Dialects(Dialect dialect, String because) {
  private record Prefix(Pattern pattern, Dialect dialect) {}

  private static final List<Prefix> PREFIXES =
      List.of(
          prefix("base_model\\.model\\.", Dialect.PEFT),
          prefix("lora_transformer_", Dialect.KOHYA_DIFFUSERS),
          prefix("(?:lora|oft)_(?:unet|te\\d*|prior)_", Dialect.KOHYA),
          prefix("lycoris_", Dialect.LYCORIS),
          prefix("diffusion_model\\.", Dialect.COMFYUI),
          prefix("(?:unet|transformer|text_encoder(?:_2|_3)?|prior)\\.", Dialect.DIFFUSERS),
          prefix("(?:down_blocks|mid_block|up_blocks|.*\\.processor)\\.", Dialect.DIFFUSERS));

  /// @param keys the keys of the modules that were recognised
  static Dialects of(List<String> keys, String writer) {
    Map<Dialect, Integer> votes = new EnumMap<>(Dialect.class);
    for (String key : keys) {
      votes.merge(one(key), 1, Integer::sum);
    }
    Dialect most = Dialect.UNKNOWN;
    int count = 0;
    for (Map.Entry<Dialect, Integer> each : votes.entrySet()) {
      if (each.getValue() > count) {
        most = each.getKey();
        count = each.getValue();
      }
    }
    Dialect dialect = most;
    if (dialect == Dialect.KOHYA && Origin.sdxlOnDiffusersPaths(keys)) {
      dialect = Dialect.KOHYA_DIFFUSERS;
    } else if (dialect == Dialect.DIFFUSERS && writer.equals("ai-toolkit")) {
      dialect = Dialect.AITOOLKIT;
    }
    return new Dialects(
        dialect, "dialect %s: %d of %d keys".formatted(dialect.id(), count, keys.size()));
  }

  private static Dialect one(String key) {
    for (Prefix prefix : PREFIXES) {
      if (prefix.pattern().matcher(key).lookingAt()) {
        return prefix.dialect();
      }
    }
    return Dialect.UNKNOWN;
  }

  private static Prefix prefix(String pattern, Dialect dialect) {
    return new Prefix(Pattern.compile(pattern, Pattern.DOTALL), dialect);
  }
}
