package radiata.convert.folder;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import radiata.safetensors.DType;

/// `config.json` of a CLIP text encoder.
final class TextEncoderConfig {
  private static final String PROJECTION = "text_projection.weight";
  private static final String FIRST = "text_model.encoder.layers.%d.mlp.fc1.weight";

  private TextEncoderConfig() {}

  /// The text.
  ///
  /// @param openClip whether it is one that OpenCLIP trained: with the exact GELU
  static String text(boolean openClip, Shapes encoder, DType dtype) {
    long width = encoder.dim("text_model.final_layer_norm.weight", 0);
    String embeddings = "text_model.embeddings.";
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("architectures", List.of(className(encoder)));
    config.put("attention_dropout", PythonJson.number("0.0"));
    // Not the ids of the tokenizer: transformers takes 2 for "the place of the highest id".
    config.put("bos_token_id", 0);
    config.put("dropout", PythonJson.number("0.0"));
    config.put("eos_token_id", 2);
    config.put("hidden_act", openClip ? "gelu" : "quick_gelu");
    config.put("hidden_size", width);
    config.put("initializer_factor", PythonJson.number("1.0"));
    config.put("initializer_range", PythonJson.number("0.02"));
    config.put("intermediate_size", encoder.dim(FIRST.formatted(0), 0));
    config.put("layer_norm_eps", PythonJson.number("1e-05"));
    config.put("max_position_embeddings", encoder.dim(embeddings + "position_embedding.weight", 0));
    config.put("model_type", "clip_text_model");
    config.put("num_attention_heads", Shapes.heads(width));
    config.put("num_hidden_layers", encoder.count(FIRST));
    config.put("pad_token_id", 1);
    config.put(
        "projection_dim",
        encoder.has(PROJECTION) ? encoder.dim(PROJECTION, 0) : openClip ? 512L : width);
    TorchNames.of(dtype).ifPresent(name -> config.put("torch_dtype", name));
    config.put("vocab_size", encoder.dim(embeddings + "token_embedding.weight", 0));
    return PythonJson.text(config);
  }

  static String className(Shapes encoder) {
    return encoder.has(PROJECTION) ? "CLIPTextModelWithProjection" : "CLIPTextModel";
  }
}
