package radiata.convert;

import java.util.LinkedHashMap;
import java.util.Map;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Part;

/// The metadata of an output's files.
final class CarriedMetadata {
  private CarriedMetadata() {}

  /// Those of an input, less the hashes that other bytes make untrue.
  ///
  /// @param changed whether a tensor has another name, place, shape or dtype than in the input
  static Map<String, String> of(Map<String, String> input, boolean changed) {
    Map<String, String> kept = new LinkedHashMap<>(input);
    if (changed) {
      kept.keySet()
          .removeIf(key ->
              key.startsWith("sshs_")
                  || key.equals("modelspec.hash_sha256")
                  || key.equals("modelspec.unet_dtype")
                  || key.equals("modelspec.vae_dtype"));
    }
    // Some versions of transformers refuse a file that does not say so.
    kept.putIfAbsent("format", "pt");
    return kept;
  }

  /// What tells of a whole model: the metadata of its UNet, or of its first file.
  static Map<String, String> ofModel(Checkpoint input) {
    return input.parts().stream()
        .filter(part -> part.component().equals("unet"))
        .findFirst()
        .map(Part::file)
        .orElse(input.parts().getFirst().file())
        .metadata();
  }
}
