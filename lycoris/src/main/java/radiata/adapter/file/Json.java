package radiata.adapter.file;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Strict JSON objects of bounded size.
final class Json {
  private static final int MOST = 1 << 20;

  private Json() {}

  /// @throws AdapterException naming the file, if it is larger than 1 MiB, no UTF-8, or not one
  ///   JSON object
  static JsonObject file(Path path) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(path)) {
      bytes = in.readNBytes(MOST + 1);
    }
    if (bytes.length > MOST) {
      throw new AdapterException(path, null, "is larger than 1 MiB, no adapter config is");
    }
    try {
      return object(
          path, "", StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      throw new AdapterException(path, null, "is not UTF-8 text, JSON was expected");
    }
  }

  /// @param what names the text inside `path`; empty for the file itself
  static JsonObject object(Path path, String what, String text) throws IOException {
    String subject = what.isEmpty() ? "" : what + " ";
    if (text.length() > MOST) {
      throw new AdapterException(path, null, subject + "is larger than 1 MiB");
    }
    try (JsonReader reader = new JsonReader(new StringReader(text))) {
      reader.setStrictness(Strictness.STRICT);
      JsonElement element = JsonParser.parseReader(reader);
      if (reader.peek() != JsonToken.END_DOCUMENT) {
        throw new MalformedJsonException("text after the end");
      }
      if (element instanceof JsonObject object) {
        return object;
      }
      throw new MalformedJsonException("no object");
    } catch (JsonParseException | IOException | IllegalStateException e) {
      String first = String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
      throw new AdapterException(path, null, subject + "is not one JSON object: " + first);
    }
  }
}
