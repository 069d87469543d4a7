package radiata.train.config;

import java.util.Collection;
import java.util.List;
import java.util.Map;

/// Short names for keys, beside those of sd-scripts.
final class Spellings {
  private static final Map<String, String> SHORT =
      Map.ofEntries(
          Map.entry("model", "pretrained_model_name_or_path"),
          Map.entry("algo", "algorithm"),
          Map.entry("rank", "network_dim"),
          Map.entry("alpha", "network_alpha"),
          Map.entry("conv_rank", "conv_dim"),
          Map.entry("from", "network_weights"),
          Map.entry("batch_size", "train_batch_size"),
          Map.entry("steps", "max_train_steps"),
          Map.entry("epochs", "max_train_epochs"),
          Map.entry("scheduler", "lr_scheduler"),
          Map.entry("warmup_steps", "lr_warmup_steps"),
          Map.entry("accumulate", "gradient_accumulation_steps"),
          Map.entry("clip", "max_grad_norm"),
          Map.entry("precision", "mixed_precision"),
          Map.entry("optimizer", "optimizer_type"));

  private Spellings() {}

  /// The short names of keys.
  static List<String> shortFor(Collection<String> keys) {
    return SHORT.entrySet().stream()
        .filter(each -> keys.contains(each.getValue()))
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  /// The name under which a key is looked up.
  static String of(String key) {
    return SHORT.getOrDefault(key, key);
  }
}
