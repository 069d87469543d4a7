package radiata.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.Limits;
import radiata.safetensors.TensorFile;
import radiata.train.nn.NetworkException;

final class ContinuedTest {
  @TempDir Path folder;

  private Path sub(String name) throws IOException {
    return Files.createDirectories(folder.resolve(name));
  }

  private static String from(Path adapter) {
    return "network_weights = \"%s\"".formatted(adapter);
  }

  @Test
  void aContinuedAdapterOfPeftKeepsItsSettingsWhateverTheConfigSays() throws IOException {
    Path first = Runs.language(sub("first"), "max_train_steps = 1", "network_alpha = 3");
    Runs.run(first);
    Path adapter = first.resolveSibling("out/bard");
    Path second =
        Runs.language(sub("second"), "max_train_steps = 1", "network_alpha = 7", from(adapter));
    Runs.run(second);
    assertThat(second.resolveSibling("out/bard/adapter_config.json"))
        .hasSameTextualContentAs(adapter.resolve("adapter_config.json"));
  }

  @Test
  void whatIsSaidOfAContinuedAdapterIsWhatItsFileHas() throws IOException {
    Path first = Runs.pictures(sub("first"), "max_train_steps = 1", "network_alpha = 3");
    Runs.run(first);
    Path adapter = first.resolveSibling("out/cat.safetensors");
    Path second =
        Runs.pictures(sub("second"), "max_train_steps = 1", "network_alpha = 7", from(adapter));
    Runs.run(second);
    try (TensorFile file =
        TensorFile.open(second.resolveSibling("out/cat.safetensors"), Limits.DEFAULT)) {
      assertThat(file.metadata())
          .containsEntry("ss_network_dim", "2")
          .containsEntry("ss_network_alpha", "3.0");
    }
  }

  @Test
  void anAdapterInOtherNamesThanThoseThatAreWrittenIsRefused() throws IOException {
    Path first = Runs.language(sub("first"), "max_train_steps = 1");
    Runs.run(first);
    Path second =
        Runs.language(
            sub("second"), "dialect = \"lycoris\"", from(first.resolveSibling("out/bard")));
    assertThatThrownBy(() -> Runs.run(second))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("out/bard has the names of PEFT, and dialect is LYCORIS");
  }

  @Test
  void anAdapterOfWhichATensorWouldBeLostIsRefused() throws IOException {
    Path first = Runs.pictures(sub("first"), "max_train_steps = 1");
    Runs.run(first);
    Path adapter = first.resolveSibling("out/cat.safetensors");
    withTensor(adapter, "emphasis.of_its_own");
    Path second = Runs.pictures(sub("second"), from(adapter));
    assertThatThrownBy(() -> Runs.run(second))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("emphasis.of_its_own")
        .hasMessageContaining("would be lost");
  }

  /// Puts one more number at the end of a file.
  private static void withTensor(Path file, String name) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] text = new byte[Math.toIntExact(bytes.getLong())];
    bytes.get(text);
    JsonObject header =
        JsonParser.parseString(new String(text, StandardCharsets.UTF_8)).getAsJsonObject();
    int end = bytes.remaining();
    JsonObject tensor = new JsonObject();
    tensor.addProperty("dtype", "F32");
    tensor.add("shape", new JsonArray());
    JsonArray offsets = new JsonArray();
    offsets.add(end);
    offsets.add(end + Float.BYTES);
    tensor.add("data_offsets", offsets);
    header.add(name, tensor);
    byte[] longer = header.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer all =
        ByteBuffer.allocate(Long.BYTES + longer.length + end + Float.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    Files.write(file, all.putLong(longer.length).put(longer).put(bytes).putFloat(1).array());
  }
}
