package radiata.safetensors;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// The components that a diffusers folder's `model_index.json` lists, in its order: its keys whose
/// value is `[library, class]`. `[null, null]` is a component the model goes without; other values
/// are settings of the pipeline.
final class ModelIndex {
  static final String NAME = "model_index.json";

  private static final Pattern COMPONENT = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9_.-]*");

  /// Components that are nothing without weights.
  private static final Pattern WITH_WEIGHTS =
      Pattern.compile("(unet|transformer|text_encoder|vae|prior|decoder|controlnet)(_\\d+)?");

  private ModelIndex() {}

  static boolean needsWeights(String component) {
    return WITH_WEIGHTS.matcher(component).matches();
  }

  /// @throws SafetensorsException if it is not a JSON object, too long, or lists a component whose
  ///   name is no name of a folder
  static List<String> components(Path path) throws IOException {
    List<String> components = new ArrayList<>();
    try (JsonReader json = new JsonReader(new StringReader(SideFile.read(path)))) {
      json.setStrictness(Strictness.STRICT);
      json.beginObject();
      while (json.hasNext()) {
        String name = json.nextName();
        if (isComponent(json)) {
          if (!COMPONENT.matcher(name).matches() || components.contains(name)) {
            throw ShardIndex.broken(
                path, null, Quoted.of(name) + " is no name of a component, or stands twice");
          }
          components.add(name);
        }
      }
      json.endObject();
      if (json.peek() != JsonToken.END_DOCUMENT) {
        throw new MalformedJsonException("text behind the object");
      }
    } catch (MalformedJsonException | EOFException | IllegalStateException e) {
      throw ShardIndex.broken(path, null, "not a valid JSON object; download or copy it again");
    }
    return components;
  }

  /// Passes over a value; whether it is two strings.
  private static boolean isComponent(JsonReader json) throws IOException {
    if (json.peek() != JsonToken.BEGIN_ARRAY) {
      json.skipValue();
      return false;
    }
    int strings = 0;
    int values = 0;
    json.beginArray();
    while (json.hasNext()) {
      strings += json.peek() == JsonToken.STRING ? 1 : 0;
      values++;
      json.skipValue();
    }
    json.endArray();
    return strings == 2 && values == 2;
  }
}
