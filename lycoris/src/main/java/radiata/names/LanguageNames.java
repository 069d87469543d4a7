package radiata.names;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Families of language models: what their `config.json` calls them, how their layers are named,
/// and the levels that the classes with a head put before those names.
final class LanguageNames {
  /// Levels that a model's names have or lack, depending on which class saved or adapted it.
  static final List<String> LEVELS =
      List.of(
          "model.",
          "transformer.",
          "language_model.",
          "gpt_neox.",
          "bert.",
          "roberta.",
          "distilbert.",
          "electra.");

  private static final Map<String, Family> TYPES =
      Map.ofEntries(
          Map.entry("llama", Family.LLAMA),
          Map.entry("mistral", Family.MISTRAL),
          Map.entry("mixtral", Family.MISTRAL),
          Map.entry("ministral", Family.MISTRAL),
          Map.entry("qwen2", Family.QWEN2),
          Map.entry("qwen2_moe", Family.QWEN2),
          Map.entry("qwen3", Family.QWEN3),
          Map.entry("qwen3_moe", Family.QWEN3),
          Map.entry("gemma", Family.GEMMA),
          Map.entry("gemma2", Family.GEMMA),
          Map.entry("gemma3", Family.GEMMA),
          Map.entry("gemma3_text", Family.GEMMA),
          Map.entry("phi3", Family.PHI3),
          Map.entry("gpt2", Family.GPT2),
          Map.entry("gpt_neox", Family.GPT_NEOX),
          Map.entry("opt", Family.OPT),
          Map.entry("t5", Family.T5),
          Map.entry("mt5", Family.T5),
          Map.entry("umt5", Family.T5),
          Map.entry("bert", Family.BERT),
          Map.entry("roberta", Family.BERT),
          Map.entry("xlm-roberta", Family.BERT),
          Map.entry("distilbert", Family.BERT),
          Map.entry("electra", Family.BERT));

  /// How a flattened module name of a family goes on after any levels. In this order; adapters of
  /// Llama's kin that show no more are Llama's.
  private record Naming(Family family, Pattern pattern) {}

  private static final List<Naming> NAMINGS =
      List.of(
          naming(Family.T5, "(?:en|de)coder_block_\\d+_layer_\\d_"),
          naming(
              Family.BERT, "encoder_layer_\\d+_(?:attention_self_|attention_output_|output_dense)"),
          naming(Family.BERT, "transformer_layer_\\d+_(?:attention_[a-z]+_lin|ffn_lin)"),
          naming(Family.GPT_NEOX, "layers_\\d+_(?:attention_(?:query_key_value|dense)|mlp_dense_)"),
          naming(Family.GPT2, "h_\\d+_(?:attn_c_attn|attn_c_proj|mlp_c_fc|mlp_c_proj)"),
          naming(Family.OPT, "decoder_layers_\\d+_(?:self_attn_[a-z]+_proj|fc\\d)"),
          naming(Family.PHI3, "layers_\\d+_(?:self_attn_qkv_proj|mlp_gate_up_proj)"),
          naming(Family.GEMMA, "layers_\\d+_pre_feedforward_layernorm"),
          naming(Family.QWEN3, "layers_\\d+_self_attn_q_norm"),
          naming(Family.LLAMA, "layers_\\d+_(?:self_attn_[qkvo]_proj|mlp_(?:gate|up|down)_proj)"));

  /// Encoders and decoders in one: BART, Whisper, Marian share their layers' names with OPT.
  private static final Pattern ENCODER = Pattern.compile("(?:^|_)encoder_layers_\\d+_");

  private LanguageNames() {}

  private static Naming naming(Family family, String names) {
    return new Naming(family, Pattern.compile("(?:^|_)(?:" + names + ")"));
  }

  /// The family that `model_type` in a `config.json` names.
  static Optional<Family> ofType(String modelType) {
    return Optional.ofNullable(TYPES.get(modelType.toLowerCase(Locale.ROOT)));
  }

  /// The family whose modules have such names, dots flattened.
  static Optional<Family> of(Iterable<String> flatNames) {
    for (Naming naming : NAMINGS) {
      for (String name : flatNames) {
        if (naming.pattern().matcher(name).find()) {
          return naming.family() == Family.OPT && any(flatNames, ENCODER)
              ? Optional.empty()
              : Optional.of(naming.family());
        }
      }
    }
    return Optional.empty();
  }

  private static boolean any(Iterable<String> names, Pattern pattern) {
    for (String name : names) {
      if (pattern.matcher(name).find()) {
        return true;
      }
    }
    return false;
  }

  /// A path with the level of the class that has the head, where it lacks it.
  static String withHead(Family family, String path) {
    return switch (family) {
      case LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA, PHI3 ->
          head(path, "model.", "layers.", "embed_tokens", "norm");
      case OPT -> head(path, "model.", "decoder.");
      case GPT2 -> head(path, "transformer.", "h.", "wte", "wpe", "ln_f");
      case GPT_NEOX -> head(path, "gpt_neox.", "layers.", "embed_in", "final_layer_norm");
      case SD1,
          SD2,
          SDXL,
          SDXL_REFINER,
          SD3,
          FLUX,
          CHROMA,
          FLUX2,
          Z_IMAGE,
          LUMINA2,
          QWEN_IMAGE,
          WAN,
          HUNYUAN_VIDEO,
          ANIMA,
          T5,
          BERT,
          GENERIC ->
          path;
    };
  }

  private static String head(String path, String head, String... inner) {
    for (String start : inner) {
      if (path.startsWith(start)) {
        return head + path;
      }
    }
    return path;
  }
}
