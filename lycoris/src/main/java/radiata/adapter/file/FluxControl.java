package radiata.adapter.file;

import java.util.Optional;
import radiata.safetensors.TensorFile;

/// The control adapters that Black Forest Labs published for FLUX.1: LoRA under the bare names of
/// its own code, with biases beside `lora_B` that are added as they are, norms that take the place
/// of the base's, and a first layer with more inputs than the base has (ComfyUI 0.3.64
/// `comfy/lora_convert.py` `convert_lora_bfl_control`).
final class FluxControl {
  private static final String FIRST = "img_in";
  private static final String BIAS = ".lora_B.bias";

  private FluxControl() {}

  /// Whether a file is one, by the keys that ComfyUI knows it by.
  static boolean is(TensorFile file) {
    return file.tensor(FIRST + ".lora_A.weight").isPresent()
        && file.tensor("single_blocks.0.norm.key_norm.scale").isPresent();
  }

  /// A key of such a file taken apart, where it means something else there than elsewhere.
  static Optional<Suffixes.Split> split(String key) {
    if (key.endsWith("_norm.scale")) {
      return Optional.of(new Suffixes.Split(key, "set_weight", ""));
    }
    return key.endsWith(BIAS) && key.length() > BIAS.length()
        ? Optional.of(
            new Suffixes.Split(key.substring(0, key.length() - BIAS.length()), "diff_b", ""))
        : Optional.empty();
  }

  /// Whether it gives a layer its own shape.
  static boolean grows(String module) {
    return module.equals(FIRST);
  }
}
