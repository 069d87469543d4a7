package radiata.train.adapter;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import radiata.names.Dialect;
import radiata.names.Family;
import radiata.names.NameTable;
import radiata.train.model.ClipText;
import radiata.train.model.Unet;
import radiata.train.nn.Projection;

/// The layers of a UNet and its text encoders on which an adapter may sit, by paths that are unique
/// over the networks, and what adapter files call them. The paths of a text encoder begin with
/// `text_encoder.text_model.` or `text_encoder_2.text_model.`.
public final class DiffusionLayers {
  private static final String ENCODER = "text_encoder";
  private static final String TEXT = "text_model.";

  private final SequencedMap<String, Projection> layers = new LinkedHashMap<>();
  private final Map<String, String> names = new HashMap<>();
  private final Map<String, String> paths = new HashMap<>();

  /// @param encoders in their order
  /// @param dialect in whose names new modules are written
  public DiffusionLayers(Family family, Unet unet, List<ClipText> encoders, Dialect dialect) {
    Optional<NameTable> table =
        family == Family.SDXL ? Optional.of(NameTable.of(family)) : Optional.empty();
    unet.layers()
        .projections()
        .forEach((path, layer) -> {
          String plain = "lora_unet_" + underscored(path);
          String original = table.flatMap(of -> original(of, plain)).orElse(plain);
          layers.put(path, layer);
          names.put(path, dialect == Dialect.KOHYA ? original : plain);
          for (String name : List.of(plain, original, "lycoris_" + underscored(path))) {
            paths.put(name, path);
          }
          paths.put("unet." + path, path);
        });
    for (int i = 0; i < encoders.size(); i++) {
      encoder(encoders.get(i), i + 1, encoders.size() == 1);
    }
  }

  /// sd-scripts knows the layers of SDXL by the names of its original code.
  private static Optional<String> original(NameTable table, String name) {
    return table.find(name).flatMap(module -> table.name(module, Dialect.KOHYA));
  }

  private void encoder(ClipText encoder, int number, boolean only) {
    String component = number == 1 ? ENCODER + "." : ENCODER + "_" + number + ".";
    List<String> prefixes =
        only ? List.of("lora_te_", "lora_te1_") : List.of("lora_te" + number + "_");
    encoder
        .layers()
        .projections()
        .forEach((own, layer) -> {
          String inner = own.startsWith(TEXT) ? own.substring(TEXT.length()) : own;
          String path = component + TEXT + inner;
          layers.put(path, layer);
          names.put(path, prefixes.getFirst() + underscored(TEXT + inner));
          paths.put(path, path);
          for (String prefix : prefixes) {
            paths.put(prefix + underscored(TEXT + inner), path);
            // As LyCORIS writes it on transformers 5, which has no such level.
            paths.put(prefix + underscored(inner), path);
          }
        });
  }

  private static String underscored(String path) {
    return path.replace('.', '_');
  }

  /// Whether a path is that of a text encoder's layer.
  public static boolean isText(String path) {
    return path.startsWith(ENCODER);
  }

  /// The path within its network.
  public static String inner(String path) {
    return isText(path) ? path.substring(path.indexOf('.') + 1) : path;
  }

  /// Layers by path.
  public SequencedMap<String, Projection> layers() {
    return layers;
  }

  /// What a new module on a layer is called.
  public String name(String path) {
    return names.getOrDefault(path, path);
  }

  /// Paths by every name that a file may have for them.
  public Map<String, String> paths() {
    return paths;
  }
}
