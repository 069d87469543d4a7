package radiata.cli.report;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.Shape;

/// JSON documents: keys in the order in which they were added, absent values as `null`. A number
/// that JSON cannot write becomes the string `"NaN"`, `"Infinity"` or `"-Infinity"`, which Python's
/// `float()` and JavaScript's `Number()` both read.
public final class Json {
  private static final int SCHEMA = 1;
  private static final Gson WRITER =
      new GsonBuilder().serializeNulls().disableHtmlEscaping().setPrettyPrinting().create();

  private Json() {}

  /// A document that says which schema it follows.
  public static JsonObject document() {
    JsonObject document = new JsonObject();
    document.addProperty("schema", SCHEMA);
    return document;
  }

  public static String write(JsonElement document) {
    return WRITER.toJson(document);
  }

  public static JsonElement number(double value) {
    if (Double.isFinite(value)) {
      return value == Math.rint(value) && Math.abs(value) < 1L << 53
          ? new JsonPrimitive((long) value)
          : new JsonPrimitive(value);
    }
    return new JsonPrimitive(Double.toString(value));
  }

  public static JsonElement number(OptionalDouble value) {
    return value.isPresent() ? number(value.getAsDouble()) : JsonNull.INSTANCE;
  }

  public static JsonElement text(@Nullable String value) {
    return value == null ? JsonNull.INSTANCE : new JsonPrimitive(value);
  }

  public static JsonElement text(Optional<String> value) {
    return text(value.orElse(null));
  }

  public static JsonArray texts(Collection<String> values) {
    return array(values, JsonPrimitive::new);
  }

  public static JsonArray shape(Shape shape) {
    JsonArray dims = new JsonArray();
    for (long dim : shape.dims()) {
      dims.add(dim);
    }
    return dims;
  }

  public static <T> JsonArray array(Collection<T> values, Function<T, JsonElement> element) {
    JsonArray array = new JsonArray();
    values.forEach(value -> array.add(element.apply(value)));
    return array;
  }

  public static JsonObject texts(Map<String, String> values) {
    JsonObject object = new JsonObject();
    values.forEach(object::addProperty);
    return object;
  }
}
