package radiata.adapter.dialect;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import radiata.names.Dialect;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;

/// How a file spelled what the dialect it is converted to cannot tell: the dtype and shape of an
/// alpha that becomes a setting, that there was none, the shape of a magnitude. It travels in the
/// metadata, so that converting back gives the file again, bit for bit.
final class Remembered {
  static final String METADATA = "radiata.spelling";
  private static final int LONGEST = 1 << 24;

  /// How one tensor was stored.
  ///
  /// @param value of an alpha: the number, where settings cannot hold it; of a factor: what its
  ///   numbers have been multiplied by
  record Spelling(DType dtype, Shape shape, @Nullable Double value) {}

  private final Map<String, Optional<Spelling>> before;
  private final boolean keepsMissingAlphas;

  /// @param before what is known of the keys of the target; empty for one that was not there
  private Remembered(Map<String, Optional<Spelling>> before, boolean keepsMissingAlphas) {
    this.before = before;
    this.keepsMissingAlphas = keepsMissingAlphas;
  }

  /// What a file tells about the dialect it came from, if that is the target.
  ///
  /// @param keepsMissingAlphas whether a module without an alpha tensor has none in the target
  ///   either
  static Remembered of(Map<String, String> metadata, Dialect target, boolean keepsMissingAlphas) {
    Map<String, Optional<Spelling>> before = new TreeMap<>();
    String text = metadata.get(METADATA);
    if (text != null && text.length() < LONGEST) {
      try {
        JsonObject json = JsonParser.parseString(text).getAsJsonObject();
        if (json.get("dialect").getAsString().equals(target.id())) {
          json.getAsJsonObject("tensors")
              .entrySet()
              .forEach(entry -> before.put(entry.getKey(), spelling(entry.getValue())));
        }
      } catch (JsonParseException | IllegalStateException | NullPointerException e) {
        // A text that is none of ours tells nothing.
        before.clear();
      }
    }
    return new Remembered(before, keepsMissingAlphas);
  }

  private static Optional<Spelling> spelling(JsonElement element) {
    if (!(element instanceof JsonArray array)) {
      return Optional.empty();
    }
    long[] dims =
        array.get(1).getAsJsonArray().asList().stream().mapToLong(JsonElement::getAsLong).toArray();
    Double value = array.size() > 2 ? Double.valueOf(array.get(2).getAsString()) : null;
    return Optional.of(
        new Spelling(DType.valueOf(array.get(0).getAsString()), Shape.of(dims), value));
  }

  /// A tensor of the target as the file that once was in this dialect had it; null for one that it
  /// did not have.
  @Nullable Content as(String key, Content content) {
    Optional<Spelling> spelling = before.get(key);
    if (spelling == null) {
      return content;
    }
    if (spelling.isEmpty()) {
      return null;
    }
    Spelling was = spelling.get();
    Double value = was.value();
    if (value != null && key.endsWith("." + Layer.ALPHA)) {
      return new Content.Scalar(value, was.dtype(), was.shape());
    }
    if (content instanceof Content.Scalar(double number, DType _, Shape _)) {
      return new Content.Scalar(number, was.dtype(), was.shape());
    }
    boolean fits = was.shape().elements() == content.shape().elements();
    Content shaped = fits ? new Content.Shaped(content, was.shape()) : content;
    return value == null ? shaped : new Content.Scaled(shaped, 1 / value, was.dtype());
  }

  boolean lacksAlpha(Layer layer) {
    return keepsMissingAlphas && !layer.parts().containsKey(Layer.ALPHA);
  }

  /// The text to put into the metadata of a converted file; empty if nothing has to be remembered.
  ///
  /// @param dialect the file's own
  /// @param lost what the target cannot tell, by the keys of the file
  static Optional<String> text(Dialect dialect, Map<String, Optional<Spelling>> lost) {
    if (lost.isEmpty()) {
      return Optional.empty();
    }
    JsonObject tensors = new JsonObject();
    lost.forEach((key, spelling) -> tensors.add(key, json(spelling)));
    JsonObject json = new JsonObject();
    json.addProperty("dialect", dialect.id());
    json.add("tensors", tensors);
    return Optional.of(json.toString());
  }

  private static JsonElement json(Optional<Spelling> spelling) {
    if (spelling.isEmpty()) {
      return new JsonPrimitive("absent");
    }
    JsonArray array = new JsonArray();
    array.add(spelling.get().dtype().name());
    JsonArray dims = new JsonArray();
    for (long dim : spelling.get().shape().dims()) {
      dims.add(dim);
    }
    array.add(dims);
    Double value = spelling.get().value();
    if (value != null) {
      array.add(value.toString());
    }
    return array;
  }
}
