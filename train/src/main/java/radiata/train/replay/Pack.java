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
import java.util.function.Function;
import radiata.safetensors.DType;
import radiata.train.nn.NetworkException;
import radiata.train.optim.AdamW;

/// The description of a recorded run: `pack.json` in its folder.
public record Pack(Path folder, JsonObject json) {
  private static final String FILE = "pack.json";

  /// Reads the description of a pack.
  ///
  /// @throws NetworkException if the folder is no pack
  public static Pack open(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
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
  ///
  /// @throws NetworkException here and below, if it is something else
  public Optional<Double> number(String... path) {
    return read("a number", JsonElement::getAsDouble, path);
  }

  public Optional<String> text(String... path) {
    return read("a text", JsonElement::getAsString, path);
  }

  public boolean flag(String... path) {
    return read("true or false", JsonElement::getAsBoolean, path).orElse(false);
  }

  public List<Double> numbers(String... path) {
    return read("a list of numbers", list -> each(list, JsonElement::getAsDouble), path)
        .orElse(List.of());
  }

  public List<String> texts(String... path) {
    return read("a list of texts", list -> each(list, JsonElement::getAsString), path)
        .orElse(List.of());
  }

  /// The names of the members of an object.
  public List<String> names(String... path) {
    return read("an object", object -> List.copyOf(object.getAsJsonObject().keySet()), path)
        .orElse(List.of());
  }

  /// The objects of a list, read as this one is.
  public List<Pack> objects(String... path) {
    return read(
            "a list of objects",
            list -> each(list, one -> new Pack(folder, one.getAsJsonObject())),
            path)
        .orElse(List.of());
  }

  private static <T> List<T> each(JsonElement list, Function<JsonElement, T> as) {
    List<T> all = new ArrayList<>();
    list.getAsJsonArray().forEach(element -> all.add(as.apply(element)));
    return all;
  }

  private <T> Optional<T> read(String expected, Function<JsonElement, T> as, String... path) {
    Optional<JsonElement> found = find(path);
    try {
      return found.map(as);
    } catch (UnsupportedOperationException | IllegalStateException | NumberFormatException e) {
      throw new NetworkException(
          "%s: %s is %s, expected %s"
              .formatted(
                  folder.resolve(FILE), String.join(".", path), found.orElseThrow(), expected));
    }
  }

  private Optional<JsonElement> find(String... path) {
    JsonElement at = json;
    for (String key : path) {
      if (at == null || at.isJsonNull()) {
        return Optional.empty();
      }
      if (!at.isJsonObject()) {
        throw new NetworkException(
            "%s: what holds %s is %s, expected an object"
                .formatted(folder.resolve(FILE), String.join(".", path), at));
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

  /// The optimizer of a run of training.
  ///
  /// @throws NetworkException if the pack does not say
  AdamW.Settings optimizer() {
    List<Double> betas = numbers("training", "betas");
    if (betas.size() != 2) {
      throw new NetworkException(folder.resolve(FILE) + " has not two numbers in training.betas");
    }
    return new AdamW.Settings(
        betas.getFirst(),
        betas.getLast(),
        need("training", "eps"),
        need("training", "weight_decay"));
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
