package radiata.train.adapter;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import radiata.names.Dialect;

/// What adapter files call the layers of a language model.
public final class LanguageLayers {
  private static final String LYCORIS = "lycoris_";
  private static final String KOHYA = "lora_unet_";

  private LanguageLayers() {}

  /// What a new module on a layer is called.
  ///
  /// @param peft whether in the names of PEFT, and not those of LyCORIS
  public static String name(String path, boolean peft) {
    return peft ? Dialect.PEFT_PREFIX + path : LYCORIS + underscored(path);
  }

  /// The paths of layers by every name that a file may have for them.
  public static Map<String, String> paths(Collection<String> layers) {
    Map<String, String> paths = new HashMap<>();
    for (String path : layers) {
      paths.put(Dialect.PEFT_PREFIX + path, path);
      paths.put(LYCORIS + underscored(path), path);
      paths.put(KOHYA + underscored(path), path);
    }
    return paths;
  }

  private static String underscored(String path) {
    return path.replace('.', '_');
  }
}
