package radiata.bake;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import radiata.names.ModelConfig;
import radiata.safetensors.Checkpoint;

/// Reads and rewrites the `config.json` of a Hugging Face model.
public final class ConfigJson {
  private static final String TIED = "tie_word_embeddings";
  private static final String TEXT_CONFIG = "text_config";
  private static final Gson PRETTY =
      new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().serializeNulls().create();

  private ConfigJson() {}

  /// What the base's config says. One that is no JSON object says nothing: it is carried over as it
  /// is, and the tensors' names decide.
  public static ModelConfig of(Checkpoint base) {
    return base.config("")
        .flatMap(ConfigJson::object)
        .map(ConfigJson::read)
        .orElse(ModelConfig.NONE);
  }

  private static ModelConfig read(JsonObject config) {
    JsonObject inner =
        config.get(TEXT_CONFIG) instanceof JsonObject language ? language : new JsonObject();
    List<String> architectures = new ArrayList<>();
    if (config.get("architectures") instanceof JsonArray names) {
      names.forEach(name -> string(name).ifPresent(architectures::add));
    }
    return new ModelConfig(
        string(config.get("model_type")),
        architectures,
        bool(config.get(TIED)).or(() -> bool(inner.get(TIED))));
  }

  /// The text of a config with embeddings and head untied; empty where it is no JSON object.
  static Optional<String> untied(String text) {
    return object(text)
        .map(config -> {
          config.addProperty(TIED, false);
          if (config.get(TEXT_CONFIG) instanceof JsonObject language && language.has(TIED)) {
            language.addProperty(TIED, false);
          }
          return PRETTY.toJson(config) + "\n";
        });
  }

  private static Optional<JsonObject> object(String text) {
    try {
      return JsonParser.parseString(text) instanceof JsonObject object
          ? Optional.of(object)
          : Optional.empty();
    } catch (JsonParseException e) {
      return Optional.empty();
    }
  }

  private static Optional<String> string(@Nullable JsonElement element) {
    return element != null && element.isJsonPrimitive() && element.getAsJsonPrimitive().isString()
        ? Optional.of(element.getAsString())
        : Optional.empty();
  }

  private static Optional<Boolean> bool(@Nullable JsonElement element) {
    return element != null && element.isJsonPrimitive() && element.getAsJsonPrimitive().isBoolean()
        ? Optional.of(element.getAsBoolean())
        : Optional.empty();
  }
}
