package radiata.train.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import radiata.train.nn.NetworkException;

/// The architecture of a language model, as its `config.json` says (transformers 5
/// `configuration_llama.py` and its kin, `configuration_gpt2.py`).
///
/// @param type `llama`, `mistral`, `qwen2`, `qwen3` or `gpt2`
/// @param headWidth of one attention head
/// @param windows of every layer: how many tokens back a token sees; empty for all
/// @param tied whether the output layer is the embedding
/// @param end the token that closes a text, `eos_token_id`
public record LanguageConfig(
    String type,
    int width,
    int layers,
    int heads,
    int keyHeads,
    int headWidth,
    double epsilon,
    Rope rope,
    List<OptionalInt> windows,
    boolean tied,
    int vocabulary,
    int positions,
    long end) {
  private static final Set<String> LLAMAS = Set.of("llama", "mistral", "qwen2", "qwen3");

  public LanguageConfig {
    windows = List.copyOf(windows);
  }

  /// Reads a config.
  ///
  /// @throws NetworkException if it is no JSON, or of an architecture that is not built
  public static LanguageConfig parse(String text, String file) {
    ConfigMembers config = ConfigMembers.parse(text, file);
    String type = config.text("model_type", "");
    if (type.equals("gpt2")) {
      return gpt2(config);
    }
    if (!LLAMAS.contains(type)) {
      throw new NetworkException(
          "%s: language models of type \"%s\" are not trained; these are: llama, mistral, qwen2, qwen3, gpt2"
              .formatted(file, type));
    }
    config.only("hidden_act", "\"silu\"");
    int width = config.count("hidden_size");
    int heads = config.count("num_attention_heads");
    int layers = config.count("num_hidden_layers");
    return new LanguageConfig(
        type,
        width,
        layers,
        heads,
        config.count("num_key_value_heads", heads),
        config.count("head_dim", headWidth(config, width, heads)),
        config.number("rms_norm_eps", 1e-6),
        Rope.of(config),
        windows(config, type, layers),
        config.flag("tie_word_embeddings", false),
        config.count("vocab_size"),
        config.count("max_position_embeddings", 2048),
        config.token("eos_token_id", 2));
  }

  private static int headWidth(ConfigMembers config, int width, int heads) {
    if (width % heads != 0 && !config.has("head_dim")) {
      throw new NetworkException(
          "%s: a width of %d cannot be shared among %d heads"
              .formatted(config.file(), width, heads));
    }
    return Math.max(1, width / heads);
  }

  /// Mistral's layers have all the same window. Qwen's have one only where it is switched on, and
  /// then those that `layer_types` names, or all but the first `max_window_layers`; Llama's none.
  private static List<OptionalInt> windows(ConfigMembers config, String type, int layers) {
    boolean mistral = type.equals("mistral");
    boolean on = mistral || (!type.equals("llama") && config.flag("use_sliding_window", false));
    if (!on || !config.has("sliding_window")) {
      return Collections.nCopies(layers, OptionalInt.empty());
    }
    OptionalInt window = OptionalInt.of(config.count("sliding_window"));
    if (mistral) {
      return Collections.nCopies(layers, window);
    }
    boolean named = config.has("layer_types");
    List<String> types = named ? config.texts("layer_types") : List.of();
    if (named && types.size() != layers) {
      throw new NetworkException(
          "%s: layer_types has %d entries for %d layers"
              .formatted(config.file(), types.size(), layers));
    }
    int whole = (int) config.number("max_window_layers", 28);
    List<OptionalInt> windows = new ArrayList<>();
    for (int i = 0; i < layers; i++) {
      boolean slides = named ? slides(types.get(i), config.file()) : i >= whole;
      windows.add(slides ? window : OptionalInt.empty());
    }
    return windows;
  }

  private static boolean slides(String type, String file) {
    return switch (type) {
      case "full_attention" -> false;
      case "sliding_attention" -> true;
      default ->
          throw new NetworkException(
              "%s: layer_types \"%s\" is not built, only full_attention and sliding_attention"
                  .formatted(file, type));
    };
  }

  private static LanguageConfig gpt2(ConfigMembers config) {
    config.only("activation_function", "\"gelu_new\"");
    config.only("scale_attn_weights", "true");
    config.only("scale_attn_by_inverse_layer_idx", "false");
    config.only("tie_word_embeddings", "true");
    int width = config.count("n_embd");
    int heads = config.count("n_head");
    int layers = config.count("n_layer");
    return new LanguageConfig(
        "gpt2",
        width,
        layers,
        heads,
        heads,
        headWidth(config, width, heads),
        config.number("layer_norm_epsilon", 1e-5),
        Rope.NONE,
        Collections.nCopies(layers, OptionalInt.empty()),
        true,
        config.count("vocab_size"),
        config.count("n_positions", 1024),
        config.token("eos_token_id", 50256));
  }
}
