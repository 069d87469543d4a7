package radiata.names;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// The modules of the encoder of T5 v1.1 (transformers' `T5EncoderModel`), which every program
/// stores under transformers' own names.
final class T5Rules {
  static final String PREFIX = "text_encoders.t5xxl.transformer.";
  private static final int LAYERS = 24;

  private final List<ModuleNames> modules = new ArrayList<>();

  private T5Rules() {}

  static List<ModuleNames> all() {
    T5Rules rules = new T5Rules();
    rules.add("shared");
    rules.add("encoder.embed_tokens");
    for (int n = 0; n < LAYERS; n++) {
      String attention = "encoder.block." + n + ".layer.0.";
      for (String name : List.of("q", "k", "v", "o")) {
        rules.add(attention + "SelfAttention." + name);
      }
      if (n == 0) {
        rules.add(attention + "SelfAttention.relative_attention_bias");
      }
      rules.add(attention + "layer_norm");
      String feedForward = "encoder.block." + n + ".layer.1.";
      for (String name : List.of("wi_0", "wi_1", "wo")) {
        rules.add(feedForward + "DenseReluDense." + name);
      }
      rules.add(feedForward + "layer_norm");
    }
    rules.add("encoder.final_layer_norm");
    return rules.modules;
  }

  private void add(String path) {
    modules.add(
        new ModuleNames(
            Role.TEXT_ENCODER_3,
            PREFIX,
            path,
            path,
            Storage.PLAIN,
            false,
            OptionalInt.empty(),
            List.of()));
  }
}
