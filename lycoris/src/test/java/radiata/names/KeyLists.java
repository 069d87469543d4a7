package radiata.names;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import radiata.safetensors.Shape;

/// Reads the lists of keys that the tests compare with.
final class KeyLists {
  static final Path TESTDATA = Path.of(System.getProperty("radiata.testdata"));
  private static final Path KEYS = TESTDATA.resolve("real/keys");

  private KeyLists() {}

  /// The rows of a list, split at tabs, comments left out.
  static List<String[]> rows(String file) throws IOException {
    return Files.readAllLines(KEYS.resolve(file)).stream()
        .filter(line -> !line.isBlank() && !line.startsWith("#"))
        .map(line -> line.split("\t"))
        .toList();
  }

  /// A list of keys and shapes as the tensors of a base.
  static List<BaseTensor> base(String file) throws IOException {
    return rows(file).stream()
        .map(row -> new BaseTensor("", row[0], shape(JsonParser.parseString(row[1]))))
        .toList();
  }

  static JsonObject json(String file) throws IOException {
    return json(KEYS.resolve(file));
  }

  static JsonObject json(Path file) throws IOException {
    return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
  }

  /// The tensors that the header of a safetensors file lists.
  static List<BaseTensor> header(Path file) throws IOException {
    try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
      int length = Integer.reverseBytes(in.readInt());
      in.readInt();
      String text = new String(in.readNBytes(length), StandardCharsets.UTF_8);
      List<BaseTensor> tensors = new ArrayList<>();
      for (Map.Entry<String, JsonElement> entry :
          JsonParser.parseString(text).getAsJsonObject().entrySet()) {
        if (!entry.getKey().equals("__metadata__")) {
          JsonElement shape = entry.getValue().getAsJsonObject().get("shape");
          tensors.add(new BaseTensor("", entry.getKey(), shape(shape)));
        }
      }
      return tensors;
    }
  }

  private static Shape shape(JsonElement dims) {
    return Shape.of(
        dims.getAsJsonArray().asList().stream().mapToLong(JsonElement::getAsLong).toArray());
  }

  static BaseTensor tensor(String name, long... dims) {
    return new BaseTensor("", name, Shape.of(dims));
  }

  static BaseTensor part(String component, String name, long... dims) {
    return new BaseTensor(component, name, Shape.of(dims));
  }
}
