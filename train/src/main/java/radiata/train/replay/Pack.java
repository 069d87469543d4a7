package radiata.train.replay;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import radiata.safetensors.DType;
import radiata.train.nn.NetworkException;

/// The description of a recorded run: `pack.json` in its folder.
public record Pack(Path folder, JsonObject json) {
  /// Reads the description of a pack.
  ///
  /// @throws NetworkException if the folder is no pack
  public static Pack open(Path folder) throws IOException {
    Path file = folder.resolve("pack.json");
    if (!Files.isRegularFile(file)) {
      throw new NetworkException(folder + " is no recorded run: it has no pack.json");
    }
    try {
      return new Pack(folder, JsonParser.parseString(Files.readString(file)).getAsJsonObject());
    } catch (JsonParseException | IllegalStateException e) {
      throw new NetworkException(file + " is not a JSON object: " + e.getMessage());
    }
  }

  public String kind() {
    return text("kind").orElse("");
  }

  /// A number somewhere below; empty if it is not there or null.
  public Optional<Double> number(String... path) {
    return find(path).map(JsonElement::getAsDouble);
  }

  public Optional<String> text(String... path) {
    return find(path).map(JsonElement::getAsString);
  }

  public boolean flag(String... path) {
    return find(path).map(JsonElement::getAsBoolean).orElse(false);
  }

  public List<Double> numbers(String... path) {
    List<Double> numbers = new ArrayList<>();
    find(path).ifPresent(list -> list.getAsJsonArray().forEach(e -> numbers.add(e.getAsDouble())));
    return numbers;
  }

  public List<String> texts(String... path) {
    List<String> texts = new ArrayList<>();
    find(path).ifPresent(list -> list.getAsJsonArray().forEach(e -> texts.add(e.getAsString())));
    return texts;
  }

  private Optional<JsonElement> find(String... path) {
    JsonElement at = json;
    for (String key : path) {
      if (at == null || !at.isJsonObject()) {
        return Optional.empty();
      }
      at = at.getAsJsonObject().get(key);
    }
    return Optional.ofNullable(at).filter(e -> !e.isJsonNull());
  }

  /// A number that must be there.
  ///
  /// @throws NetworkException if the pack does not say
  public double need(String... path) {
    return number(path)
        .orElseThrow(() ->
            new NetworkException(
                "%s: pack.json has no %s".formatted(folder, String.join(".", path))));
  }

  /// The dtype that everything runs in.
  public DType dtype() {
    return text("dtype").orElse("f32").equals("f64") ? DType.F64 : DType.F32;
  }

  /// The folder of the model.
  public Path base() {
    return folder.resolve(text("base").orElse("base")).normalize();
  }

  /// What a deviation may be; without a tolerance nothing is compared.
  public Optional<Double> tolerance(String name) {
    return number("tolerances", name);
  }
}
