package radiata.train.adapter;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The names that adapter files give the layers of a network.
public final class Names {
  private Names() {}

  /// Layers by every name a file may call them.
  ///
  /// @param underscored prefixes of names whose dots are underscores: `lora_unet_`, `lycoris_`
  /// @param dotted prefixes of names that keep them: `base_model.model.`, `unet.`
  public static Map<String, String> of(
      Collection<String> paths, List<String> underscored, List<String> dotted) {
    Map<String, String> names = new HashMap<>();
    for (String path : paths) {
      for (String prefix : underscored) {
        names.put(prefix + path.replace('.', '_'), path);
      }
      for (String prefix : dotted) {
        names.put(prefix + path, path);
      }
    }
    return names;
  }
}
