package radiata.train.model;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import radiata.train.nn.NetworkException;

/// The members of a `config.json` by their types. Null and absent are the same.
///
/// @param file that messages name
public record ConfigMembers(JsonObject json, String file) {
  private static final long MOST = 1_000_000_000;

  /// The members of a text.
  ///
  /// @throws NetworkException if it is not one JSON object
  public static ConfigMembers parse(String text, String file) {
    try {
      if (JsonParser.parseString(text) instanceof JsonObject object) {
        return new ConfigMembers(object, file);
      }
      throw new NetworkException(file + " is not a JSON object; download or copy it again");
    } catch (JsonParseException | IllegalStateException e) {
      throw new NetworkException(file + " is not valid JSON; download or copy it again");
    }
  }

  private @Nullable JsonElement member(String key) {
    JsonElement value = json.get(key);
    return value == null || value.isJsonNull() ? null : value;
  }

  private NetworkException wrong(String key, JsonElement found, String expected) {
    return new NetworkException("%s: %s is %s, expected %s".formatted(file, key, found, expected));
  }

  private <T> T read(String key, JsonElement value, String expected, Function<JsonElement, T> as) {
    try {
      return as.apply(value);
    } catch (UnsupportedOperationException | IllegalStateException | NumberFormatException e) {
      throw wrong(key, value, expected);
    }
  }

  private <T> @Nullable T find(String key, String expected, Function<JsonElement, T> as) {
    JsonElement value = member(key);
    return value == null ? null : read(key, value, expected, as);
  }

  private <T> T need(String key, @Nullable T value) {
    if (value == null) {
      throw new NetworkException("%s has no %s".formatted(file, key));
    }
    return value;
  }

  private int positive(String key, JsonElement value) {
    double number = read(key, value, "a whole number", JsonElement::getAsDouble);
    if (number != Math.rint(number) || number < 1 || number > MOST) {
      throw wrong(key, value, "a whole number above 0");
    }
    return (int) number;
  }

  public boolean has(String key) {
    return member(key) != null;
  }

  /// The members of an object; none where it is not there.
  public ConfigMembers members(String key) {
    JsonObject object = find(key, "an object", JsonElement::getAsJsonObject);
    return new ConfigMembers(object == null ? new JsonObject() : object, file);
  }

  /// The number of a token; of several the first.
  public long token(String key, long otherwise) {
    JsonElement value = member(key);
    if (value == null) {
      return otherwise;
    }
    JsonElement first = value instanceof JsonArray some && !some.isEmpty() ? some.get(0) : value;
    double number = read(key, first, "a whole number", JsonElement::getAsDouble);
    if (number != Math.rint(number) || number < 0 || number > MOST) {
      throw wrong(key, value, "the number of a token");
    }
    return (long) number;
  }

  /// A whole number above 0.
  public int count(String key) {
    return positive(key, need(key, member(key)));
  }

  public int count(String key, int otherwise) {
    JsonElement value = member(key);
    return value == null ? otherwise : positive(key, value);
  }

  public double number(String key, double otherwise) {
    Double value = find(key, "a number", JsonElement::getAsDouble);
    return value == null ? otherwise : value;
  }

  public boolean flag(String key, boolean otherwise) {
    Boolean value = find(key, "true or false", JsonElement::getAsBoolean);
    return value == null ? otherwise : value;
  }

  public String text(String key, String otherwise) {
    return Objects.requireNonNullElse(find(key, "a text", JsonElement::getAsString), otherwise);
  }

  public List<String> texts(String key) {
    JsonArray array = need(key, find(key, "a list of texts", JsonElement::getAsJsonArray));
    List<String> texts = new ArrayList<>();
    array.forEach(each -> texts.add(read(key, each, "a text", JsonElement::getAsString)));
    return texts;
  }

  /// Whole numbers, one for each level; a single number holds for all of them.
  public List<Integer> counts(String key, int levels, int otherwise) {
    JsonElement value = member(key);
    if (!(value instanceof JsonArray array)) {
      int same = value == null ? otherwise : positive(key, value);
      return Collections.nCopies(levels, same);
    }
    if (array.size() != levels) {
      throw wrong(key, value, "one number, or %d".formatted(levels));
    }
    return counts(key);
  }

  /// A list of whole numbers.
  public List<Integer> counts(String key) {
    JsonArray array = need(key, find(key, "a list of numbers", JsonElement::getAsJsonArray));
    List<Integer> numbers = new ArrayList<>();
    array.forEach(each -> numbers.add(positive(key, each)));
    return numbers;
  }

  /// Refuses a member that is there with any other value than the one that is built.
  ///
  /// A list, which has a value for each level, must have only that one.
  ///
  /// @param built as JSON writes it; `null` for a member that must not be there
  public void only(String key, String built) {
    JsonElement value = member(key);
    if (value != null && !same(value, JsonParser.parseString(built))) {
      throw new NetworkException(
          "%s: %s is %s; of these networks only those with %s are built"
              .formatted(file, key, value, built));
    }
  }

  private static boolean same(JsonElement value, JsonElement built) {
    if (value instanceof JsonArray array) {
      return array.asList().stream().allMatch(each -> same(each, built));
    }
    if (value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber()) {
      return built.isJsonPrimitive()
          && built.getAsJsonPrimitive().isNumber()
          && value.getAsDouble() == built.getAsDouble();
    }
    return value.equals(built);
  }
}
