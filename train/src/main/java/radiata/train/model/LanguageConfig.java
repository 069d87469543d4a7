package radiata.train.model;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.OptionalInt;
import java.util.Set;
import radiata.train.nn.NetworkException;

/// The architecture of a language model, as its `config.json` says (transformers 5
/// `configuration_llama.py` and its kin, `configuration_gpt2.py`).
///
/// @param type `llama`, `mistral`, `qwen2`, `qwen3` or `gpt2`
/// @param headWidth of one attention head
/// @param window how many tokens back a token sees; empty for all
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
    OptionalInt window,
    boolean tied,
    int vocabulary,
    int positions,
    long end) {
  private static final Set<String> LLAMAS = Set.of("llama", "mistral", "qwen2", "qwen3");

  /// Reads a config.
  ///
  /// @throws NetworkException if it is no JSON, or of an architecture that is not built
  public static LanguageConfig parse(String text, String file) {
    JsonObject json;
    try {
      json = JsonParser.parseString(text).getAsJsonObject();
    } catch (JsonParseException | IllegalStateException e) {
      throw new NetworkException(file + " is not a JSON object: " + e.getMessage());
    }
    try {
      return of(json, file);
    } catch (UnsupportedOperationException | IllegalStateException | NumberFormatException e) {
      throw new NetworkException(file + " is not as transformers writes it: " + e.getMessage());
    }
  }

  private static LanguageConfig of(JsonObject json, String file) {
    String type = json.has("model_type") ? json.get("model_type").getAsString() : "";
    if (type.equals("gpt2")) {
      return gpt2(json, file);
    }
    if (!LLAMAS.contains(type)) {
      throw new NetworkException(
          "%s: language models of type \"%s\" are not trained; these are: llama, mistral, qwen2, qwen3, gpt2"
              .formatted(file, type));
    }
    String activation = json.has("hidden_act") ? json.get("hidden_act").getAsString() : "silu";
    if (!activation.equals("silu")) {
      throw new NetworkException(
          "%s: hidden_act \"%s\" is not built, only silu".formatted(file, activation));
    }
    int width = need(json, "hidden_size", file);
    int heads = need(json, "num_attention_heads", file);
    boolean sliding =
        present(json, "sliding_window")
            && (!json.has("use_sliding_window") || json.get("use_sliding_window").getAsBoolean());
    return new LanguageConfig(
        type,
        width,
        need(json, "num_hidden_layers", file),
        heads,
        whole(json, "num_key_value_heads", heads),
        whole(json, "head_dim", width / heads),
        number(json, "rms_norm_eps", 1e-6),
        Rope.of(json, file),
        sliding ? OptionalInt.of(json.get("sliding_window").getAsInt()) : OptionalInt.empty(),
        json.has("tie_word_embeddings") && json.get("tie_word_embeddings").getAsBoolean(),
        need(json, "vocab_size", file),
        whole(json, "max_position_embeddings", 2048),
        end(json, 2));
  }

  private static LanguageConfig gpt2(JsonObject json, String file) {
    String activation =
        json.has("activation_function")
            ? json.get("activation_function").getAsString()
            : "gelu_new";
    if (!activation.equals("gelu_new")) {
      throw new NetworkException(
          "%s: activation_function \"%s\" is not built, only gelu_new".formatted(file, activation));
    }
    int width = need(json, "n_embd", file);
    int heads = need(json, "n_head", file);
    return new LanguageConfig(
        "gpt2",
        width,
        need(json, "n_layer", file),
        heads,
        heads,
        width / heads,
        number(json, "layer_norm_epsilon", 1e-5),
        Rope.NONE,
        OptionalInt.empty(),
        true,
        need(json, "vocab_size", file),
        whole(json, "n_positions", 1024),
        end(json, 50256));
  }

  /// Some models have several; the first closes a text.
  private static long end(JsonObject json, long otherwise) {
    if (!present(json, "eos_token_id")) {
      return otherwise;
    }
    JsonElement end = json.get("eos_token_id");
    return end.isJsonArray() ? end.getAsJsonArray().get(0).getAsLong() : end.getAsLong();
  }

  private static boolean present(JsonObject json, String key) {
    return json.has(key) && !json.get(key).isJsonNull();
  }

  private static int need(JsonObject json, String key, String file) {
    JsonElement value = json.get(key);
    if (value == null || !value.isJsonPrimitive()) {
      throw new NetworkException("%s has no %s".formatted(file, key));
    }
    return value.getAsInt();
  }

  private static int whole(JsonObject json, String key, int otherwise) {
    return present(json, key) ? json.get(key).getAsInt() : otherwise;
  }

  static double number(JsonObject json, String key, double otherwise) {
    return present(json, key) ? json.get(key).getAsDouble() : otherwise;
  }
}
