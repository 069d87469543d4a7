package radiata.cli.command;

import com.google.gson.JsonObject;
import org.jspecify.annotations.Nullable;
import radiata.cli.report.Json;

/// One thing that `verify` found.
///
/// @param code what a program tells it by, in words joined by hyphens
record Finding(Level level, String code, String message, @Nullable String tensor) {
  /// Only an error makes a file unsound.
  enum Level {
    ERROR("error"),
    WARNING("warning");

    private final String id;

    Level(String id) {
      this.id = id;
    }
  }

  static Finding error(String code, String message, @Nullable String tensor) {
    return new Finding(Level.ERROR, code, message, tensor);
  }

  static Finding warning(String code, String message, @Nullable String tensor) {
    return new Finding(Level.WARNING, code, message, tensor);
  }

  boolean isError() {
    return level == Level.ERROR;
  }

  /// `error: nan: lora_up: 3 of 64 elements are NaN`.
  String line() {
    return level.id + ": " + code + ": " + (tensor == null ? "" : tensor + ": ") + message;
  }

  JsonObject document() {
    JsonObject finding = new JsonObject();
    finding.addProperty("level", level.id);
    finding.addProperty("code", code);
    finding.addProperty("message", message);
    finding.add("tensor", Json.text(tensor));
    return finding;
  }
}
