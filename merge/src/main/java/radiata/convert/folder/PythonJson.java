package radiata.convert.folder;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.util.Map;
import java.util.TreeMap;

/// JSON as diffusers and transformers write it: `json.dumps(..., indent=2, sort_keys=True)` and a
/// line feed. All texts here are ASCII.
final class PythonJson {
  private static final Gson GSON =
      new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().serializeNulls().create();

  private PythonJson() {}

  static String text(Map<String, ?> object) {
    return GSON.toJson(new TreeMap<>(object)) + "\n";
  }

  /// A number with the digits that Python prints.
  static JsonElement number(String digits) {
    return JsonParser.parseString(digits);
  }
}
