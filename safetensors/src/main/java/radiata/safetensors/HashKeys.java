package radiata.safetensors;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// The keys of the metadata that state a hash of the data. AUTOMATIC1111 believes `sshs_model_hash`
/// without looking, so a change of the data has to remove or renew them.
///
/// - `sshs_model_hash`, `sshs_legacy_hash`: as sd-scripts defines them ([Hashes#sshs]). LyCORIS
///   writes another hash under the first of them, with `0x` before it.
/// - `modelspec.hash_sha256` (ModelSpec 1.0.1): `0x` and the sha256 of the tensors without the
///   header; here of the data section.
public final class HashKeys {
  private static final String MODEL = "sshs_model_hash";
  private static final String LEGACY = "sshs_legacy_hash";
  private static final String SPEC = "modelspec.hash_sha256";
  private static final String SPEC_VERSION = "modelspec.sai_model_spec";
  private static final Pattern SHA256 = Pattern.compile("[0-9a-fA-F]{64}");
  private static final Pattern SHORT = Pattern.compile("[0-9a-fA-F]{8}");
  private static final Pattern PREFIXED = Pattern.compile("0x[0-9a-fA-F]{64}");

  /// A key whose hash is not that of the data.
  public record Stale(String key, String stated, String computed) {}

  private HashKeys() {}

  /// The metadata without these keys, which say nothing true of other data.
  public static Map<String, String> without(Map<String, String> metadata) {
    Map<String, String> kept = new LinkedHashMap<>(metadata);
    kept.keySet().removeIf(key -> key.startsWith("sshs_") || key.equals(SPEC));
    return kept;
  }

  /// The metadata with room for the hashes of data that are not known yet: for those of sd-scripts
  /// where there were such, for that of ModelSpec wherever the file follows it.
  public static Map<String, String> reserved(Map<String, String> metadata) {
    Map<String, String> kept = without(metadata);
    if (metadata.containsKey(MODEL) || metadata.containsKey(LEGACY)) {
      kept.put(MODEL, "0".repeat(64));
      kept.put(LEGACY, "0".repeat(8));
    }
    if (metadata.containsKey(SPEC) || metadata.containsKey(SPEC_VERSION)) {
      kept.put(SPEC, "0x" + "0".repeat(64));
    }
    return kept;
  }

  /// The metadata with the hashes of a file's data in the room that was [#reserved].
  ///
  /// @param written a file with these tensors and metadata, and all its data
  public static Map<String, String> renewed(Map<String, String> metadata, Path written)
      throws IOException {
    Map<String, String> renewed = new LinkedHashMap<>(metadata);
    try (SafetensorsFile file = SafetensorsFile.open(written)) {
      if (metadata.containsKey(MODEL)) {
        Hashes.Sshs sshs = Hashes.sshs(file);
        renewed.put(MODEL, sshs.model());
        renewed.put(LEGACY, sshs.legacy());
      }
      if (metadata.containsKey(SPEC)) {
        renewed.put(SPEC, "0x" + Hashes.data(file));
      }
    }
    return renewed;
  }

  /// The keys of a file that state another hash than its data have. Reads the data once for each
  /// kind of hash that is stated. What LyCORIS wrote depends on an order that the file no longer
  /// shows, and is not looked at.
  public static List<Stale> stale(TensorFile file) throws IOException {
    Optional<String> model = stated(file, MODEL, SHA256);
    Optional<String> legacy = stated(file, LEGACY, SHORT);
    Optional<String> spec = stated(file, SPEC, PREFIXED);
    List<Stale> stale = new ArrayList<>();
    if (model.isPresent()) {
      Hashes.Sshs sshs = Hashes.sshs(file);
      compare(MODEL, model.get(), sshs.model(), stale);
      legacy.ifPresent(hash -> compare(LEGACY, hash, sshs.legacy(), stale));
    }
    if (spec.isPresent()) {
      compare(SPEC, spec.get(), "0x" + Hashes.data(file), stale);
    }
    return stale;
  }

  private static Optional<String> stated(TensorFile file, String key, Pattern form) {
    return Optional.ofNullable(file.metadata().get(key))
        .filter(value -> form.matcher(value).matches());
  }

  private static void compare(String key, String stated, String computed, List<Stale> stale) {
    if (!stated.equalsIgnoreCase(computed)) {
      stale.add(new Stale(key, stated, computed));
    }
  }
}
