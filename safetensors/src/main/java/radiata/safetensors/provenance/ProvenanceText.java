package radiata.safetensors.provenance;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import radiata.safetensors.Checksums;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;

/// The JSON of a [Provenance]. There is one text for each, and no other is read: what was written
/// by hand or by another program is refused, not believed.
final class ProvenanceText {
  private static final int SCHEMA = 1;

  private ProvenanceText() {}

  static String write(Provenance of) {
    JsonObject recipe = new JsonObject();
    recipe.addProperty("command", of.recipe().command());
    recipe.add("settings", settings(of.recipe().settings()));
    JsonArray inputs = new JsonArray();
    of.inputs().forEach(input -> inputs.add(input(input)));
    JsonObject all = new JsonObject();
    all.addProperty("schema", SCHEMA);
    all.addProperty("version", of.version());
    all.add("recipe", recipe);
    all.add("inputs", inputs);
    all.addProperty("crc32c", of.checksums().text());
    return all.toString();
  }

  private static JsonObject input(Input input) {
    JsonArray files = new JsonArray();
    for (Source source : input.files()) {
      JsonObject file = new JsonObject();
      file.addProperty("bytes", source.bytes());
      source.header().ifPresent(hash -> file.addProperty("header", hash));
      source.sha256().ifPresent(hash -> file.addProperty("sha256", hash));
      files.add(file);
    }
    JsonObject object = new JsonObject();
    object.addProperty("role", input.role());
    object.add("settings", settings(input.settings()));
    object.add("files", files);
    return object;
  }

  private static JsonObject settings(Map<String, String> settings) {
    JsonObject object = new JsonObject();
    settings.forEach(object::addProperty);
    return object;
  }

  /// @throws SafetensorsException naming the file, if this is not a text that [#write] gives
  static Provenance parse(Path file, String text) {
    Provenance read;
    try {
      JsonObject all = JsonParser.parseString(text).getAsJsonObject();
      long schema = number(all, "schema");
      if (schema != SCHEMA) {
        throw broken(file, "has schema %d, this program knows %d".formatted(schema, SCHEMA));
      }
      read = provenance(all);
    } catch (JsonParseException | IllegalStateException | UnsupportedOperationException e) {
      throw broken(file, "is no provenance: " + first(e));
    }
    if (!write(read).equals(text)) {
      throw broken(file, "is not in the form that radiata writes; it has been edited");
    }
    return read;
  }

  private static String first(RuntimeException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
  }

  private static SafetensorsException broken(Path file, String what) {
    return new SafetensorsException(
        Kind.INVALID_HEADER, file, null, "metadata \"%s\" %s".formatted(Provenance.KEY, what));
  }

  private static Provenance provenance(JsonObject all) {
    JsonObject recipe = object(all, "recipe");
    List<Input> inputs = new ArrayList<>();
    for (JsonElement input : array(all, "inputs")) {
      inputs.add(input(input.getAsJsonObject()));
    }
    Checksums sums =
        Checksums.parse(text(all, "crc32c"))
            .orElseThrow(() -> new IllegalStateException("\"crc32c\" is no list of checksums"));
    return new Provenance(
        text(all, "version"),
        new Recipe(text(recipe, "command"), settings(recipe, "settings")),
        inputs,
        sums);
  }

  private static Input input(JsonObject input) {
    List<Source> files = new ArrayList<>();
    for (JsonElement each : array(input, "files")) {
      JsonObject file = each.getAsJsonObject();
      files.add(new Source(number(file, "bytes"), hash(file, "header"), hash(file, "sha256")));
    }
    return new Input(text(input, "role"), settings(input, "settings"), files);
  }

  private static Optional<String> hash(JsonObject file, String key) {
    if (!file.has(key)) {
      return Optional.empty();
    }
    String hash = text(file, key);
    if (!hash.matches("[0-9a-f]{64}")) {
      throw new IllegalStateException("\"%s\" is no sha256".formatted(key));
    }
    return Optional.of(hash);
  }

  private static SortedMap<String, String> settings(JsonObject of, String key) {
    SortedMap<String, String> settings = new TreeMap<>();
    JsonObject object = object(of, key);
    object.keySet().forEach(name -> settings.put(name, text(object, name)));
    return settings;
  }

  private static JsonElement member(JsonObject of, String key) {
    JsonElement member = of.get(key);
    if (member == null) {
      throw new IllegalStateException("\"%s\" is missing".formatted(key));
    }
    return member;
  }

  private static JsonObject object(JsonObject of, String key) {
    return member(of, key).getAsJsonObject();
  }

  private static JsonArray array(JsonObject of, String key) {
    return member(of, key).getAsJsonArray();
  }

  private static String text(JsonObject of, String key) {
    if (member(of, key) instanceof JsonPrimitive value && value.isString()) {
      return value.getAsString();
    }
    throw new IllegalStateException("\"%s\" is no text".formatted(key));
  }

  private static long number(JsonObject of, String key) {
    if (member(of, key) instanceof JsonPrimitive value
        && value.isNumber()
        && value.getAsString().matches("[0-9]{1,18}")) {
      return value.getAsLong();
    }
    throw new IllegalStateException("\"%s\" is no whole number".formatted(key));
  }
}
