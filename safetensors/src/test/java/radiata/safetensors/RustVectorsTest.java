package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// The byte strings that the reference's own tests pin, each with the outcome named there.
class RustVectorsTest {
  @TempDir Path folder;

  @TestFactory
  List<DynamicTest> endsAsTheReferenceDoes() throws IOException {
    Path file =
        Path.of(System.getProperty("radiata.testdata"), "real/vectors/safetensors_rust_tests.json");
    JsonObject vectors = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    List<DynamicTest> tests = new ArrayList<>();
    for (JsonElement element : vectors.getAsJsonArray("vectors")) {
      JsonObject vector = element.getAsJsonObject();
      tests.add(
          DynamicTest.dynamicTest(
              vector.get("name").getAsString(),
              () -> check(vector.get("hex").getAsString(), vector.get("expect").getAsString())));
    }
    assertThat(tests).isNotEmpty();
    return tests;
  }

  private void check(String hex, String expect) throws IOException {
    Path file = folder.resolve("vector.safetensors");
    Files.write(file, HexFormat.of().parseHex(hex));
    if (expect.startsWith("ok")) {
      try (SafetensorsFile open = SafetensorsFile.open(file)) {
        assertThat(open.tensors()).hasSize(expect.contains("0 tensors") ? 0 : 1);
      }
    } else {
      String kind = expect.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toUpperCase(Locale.ROOT);
      assertThatThrownBy(() -> SafetensorsFile.open(file).close())
          .isInstanceOfSatisfying(
              SafetensorsException.class,
              e -> assertThat(e.kind()).isEqualTo(SafetensorsException.Kind.valueOf(kind)));
    }
  }
}
