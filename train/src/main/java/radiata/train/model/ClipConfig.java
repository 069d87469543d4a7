package radiata.train.model;

import radiata.train.nn.NetworkException;
import radiata.train.nn.Weights;

/// The architecture of a CLIP text encoder (transformers `configuration_clip.py`).
///
/// @param layers that are run
/// @param quick whether the activation is `x * sigmoid(1.702 x)` and not the exact GELU
/// @param epsilon of the norms
/// @param end the token whose place is pooled; 2 in old configs, which stands for the place of the
///   highest token
public record ClipConfig(int layers, int heads, boolean quick, double epsilon, int end) {
  /// What old configs say in place of the end token (transformers `modeling_clip.py`).
  static final int HIGHEST = 2;

  private static final String EMBEDDING = "text_model.embeddings.token_embedding.weight";

  /// The architecture that a text encoder's `config.json` describes.
  ///
  /// @throws NetworkException if it is one that is not built
  public static ClipConfig parse(String text, String file) {
    ConfigMembers config = ConfigMembers.parse(text, file);
    String type = config.text("model_type", "clip_text_model");
    if (!type.equals("clip_text_model")) {
      throw new NetworkException(
          "%s: text encoders of type \"%s\" are not built, only CLIP's".formatted(file, type));
    }
    String activation = config.text("hidden_act", "quick_gelu");
    if (!activation.equals("quick_gelu") && !activation.equals("gelu")) {
      throw new NetworkException(
          "%s: hidden_act is \"%s\"; only quick_gelu and gelu are built"
              .formatted(file, activation));
    }
    int heads = config.count("num_attention_heads", 8);
    int width = config.count("hidden_size");
    if (width % heads != 0) {
      throw new NetworkException(
          "%s: a width of %d cannot be shared among %d heads".formatted(file, width, heads));
    }
    return new ClipConfig(
        config.count("num_hidden_layers"),
        heads,
        activation.equals("quick_gelu"),
        config.number("layer_norm_eps", 1e-5),
        config.count("eos_token_id", HIGHEST));
  }

  /// The architecture of an encoder that has no config, from the shapes of its weights: heads are
  /// 64 wide.
  ///
  /// @param openClip whether OpenCLIP trained it, with the exact GELU
  /// @param skipped last layers that the model never runs: one in Stable Diffusion 2
  public static ClipConfig of(Weights weights, boolean openClip, int skipped) {
    int layers = 0;
    while (weights.has("text_model.encoder.layers." + layers + ".mlp.fc1.weight")) {
      layers++;
    }
    if (layers <= skipped) {
      throw new NetworkException("the text encoder has no layers");
    }
    int width = Math.toIntExact(weights.shape(EMBEDDING).dim(1));
    return new ClipConfig(layers - skipped, Math.max(1, width / 64), !openClip, 1e-5, HIGHEST);
  }
}
