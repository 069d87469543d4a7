package radiata.cli.demo;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/// The sizes of a Llama-type model, as Hugging Face's `config.json` names them.
///
/// @param hidden width of the residual stream
/// @param intermediate width inside the feed-forward part
/// @param keyHeads heads of keys and values; each serves `heads / keyHeads` heads of queries
/// @param head width of one head
/// @param positions the longest text in tokens
/// @param theta base of the rotary position embedding
/// @param tied whether the output matrix is the embedding
record LlamaConfig(
    int layers,
    int hidden,
    int intermediate,
    int heads,
    int keyHeads,
    int head,
    int vocabulary,
    int positions,
    float epsilon,
    double theta,
    boolean tied) {

  /// @param file where `text` was read, for the error
  /// @throws FileSystemException if `text` is no JSON, or a size is missing or impossible
  static LlamaConfig parse(Path file, String text) throws FileSystemException {
    try {
      JsonObject json = JsonParser.parseString(text).getAsJsonObject();
      int hidden = size(json, "hidden_size");
      int heads = size(json, "num_attention_heads");
      int head = json.has("head_dim") ? size(json, "head_dim") : hidden / heads;
      int keyHeads = json.has("num_key_value_heads") ? size(json, "num_key_value_heads") : heads;
      if (head == 0 || head % 2 != 0 || heads % keyHeads != 0) {
        throw new IllegalArgumentException(
            "%d heads of width %d cannot share %d heads of keys".formatted(heads, head, keyHeads));
      }
      // transformers 5 moved the base into an object of its own.
      JsonObject rope =
          json.has("rope_parameters") ? json.getAsJsonObject("rope_parameters") : json;
      return new LlamaConfig(
          size(json, "num_hidden_layers"),
          hidden,
          size(json, "intermediate_size"),
          heads,
          keyHeads,
          head,
          size(json, "vocab_size"),
          size(json, "max_position_embeddings"),
          json.get("rms_norm_eps").getAsFloat(),
          rope.has("rope_theta") ? rope.get("rope_theta").getAsDouble() : 10000,
          json.has("tie_word_embeddings") && json.get("tie_word_embeddings").getAsBoolean());
    } catch (JsonParseException
        | IllegalArgumentException
        | IllegalStateException
        | UnsupportedOperationException
        | ClassCastException
        | NullPointerException e) {
      throw new FileSystemException(
          file.toString(), null, "not the configuration of a Llama-type model: " + e.getMessage());
    }
  }

  /// @return `id`
  /// @throws IllegalArgumentException if that is no token
  int token(int id) {
    if (id < 0 || id >= vocabulary) {
      throw new IllegalArgumentException("token " + id + " of " + vocabulary);
    }
    return id;
  }

  private static int size(JsonObject json, String key) {
    if (!json.has(key)) {
      throw new IllegalArgumentException(key + " is missing");
    }
    int size = json.get(key).getAsInt();
    if (size < 1) {
      throw new IllegalArgumentException(key + " is " + size);
    }
    return size;
  }
}
