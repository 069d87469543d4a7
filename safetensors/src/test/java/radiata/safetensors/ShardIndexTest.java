package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.safetensors.ModelFolder.INDEX;
import static radiata.safetensors.ModelFolder.SHARD_1;
import static radiata.safetensors.ModelFolder.SHARD_2;
import static radiata.safetensors.ModelFolder.index;
import static radiata.safetensors.ModelFolder.open;
import static radiata.safetensors.ModelFolder.refused;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import radiata.safetensors.SafetensorsException.Kind;

/// What is believed of an index, and what is not.
class ShardIndexTest {
  @TempDir Path folder;
  private ModelFolder files;

  @BeforeEach
  void make() {
    files = new ModelFolder(folder);
  }

  static List<Arguments> contradictions() {
    return List.of(
        Arguments.of("missing shard", index("a", SHARD_1, "b", SHARD_1, "c", "gone.safetensors")),
        Arguments.of(
            "tensor in no shard", index("a", SHARD_1, "b", SHARD_1, "c", SHARD_2, "d", SHARD_2)),
        Arguments.of("tensor not listed", index("a", SHARD_1, "c", SHARD_2)),
        Arguments.of("tensor in another shard", index("a", SHARD_1, "b", SHARD_2, "c", SHARD_2)),
        Arguments.of("path traversal", index("a", "../" + SHARD_1)),
        Arguments.of("inner folder", index("a", "x/" + SHARD_1)),
        Arguments.of("absolute", index("a", "/tmp/x.safetensors")),
        Arguments.of("drive", index("a", "C:x.safetensors")),
        Arguments.of("stream", index("a", "x.safetensors:y.safetensors")),
        Arguments.of("backslash", index("a", "a\\\\b.safetensors")),
        Arguments.of("NUL", index("a", "a\\u0000.safetensors")),
        Arguments.of("wrong extension", index("a", "model.bin")),
        Arguments.of("extension alone", index("a", ".safetensors")),
        Arguments.of("empty name", index("a", "")),
        Arguments.of("name twice", index("a", SHARD_1, "a", SHARD_2)),
        Arguments.of("number for a file", "{\"weight_map\":{\"a\":1}}"),
        Arguments.of("null for a file", "{\"weight_map\":{\"a\":null}}"),
        Arguments.of("map as array", "{\"weight_map\":[]}"),
        Arguments.of("no map", "{\"metadata\":{}}"),
        Arguments.of("empty map", "{\"weight_map\":{}}"),
        Arguments.of("two maps", "{\"weight_map\":{\"a\":\"x.safetensors\"},\"weight_map\":{}}"),
        Arguments.of("no object", "[]"),
        Arguments.of("nothing", ""),
        Arguments.of("cut short", "{\"weight_map\":{\"a\":"),
        Arguments.of("single quotes", "{'weight_map':{}}"),
        Arguments.of("trailing text", index("a", SHARD_1, "b", SHARD_1, "c", SHARD_2) + "x"),
        Arguments.of("deep nesting", "{\"metadata\":" + "[".repeat(100_000)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("contradictions")
  void refusesAnIndexThatIsBrokenOrContradictsItsShards(String name, String json)
      throws IOException {
    files.shards();
    files.text(INDEX, json);
    refused(folder, Kind.BROKEN_INDEX);
  }

  @Test
  void refusesATensorInTwoShards() throws IOException {
    files.shards();
    files.weights(SHARD_2, "c", "a");
    assertThat(refused(folder, Kind.BROKEN_INDEX)).contains("\"a\"", SHARD_1, SHARD_2);
  }

  @Test
  void refusesAnIndexThatIsNotUtf8OrTooLong() throws IOException {
    files.shards();
    Files.write(folder.resolve(INDEX), new byte[] {'{', '"', (byte) 0xff, '"'});
    refused(folder, Kind.BROKEN_INDEX);
    files.text(INDEX, " ".repeat(25_000_001));
    refused(folder, Kind.LIMIT);
  }

  @Test
  void passesTheErrorOfABrokenShardOn() throws IOException {
    files.shards();
    Files.write(folder.resolve(SHARD_2), new byte[3]);
    refused(folder, Kind.HEADER_TOO_SMALL);
  }

  @Test
  void believesNothingElseOfAnIndex() throws IOException {
    files.shards();
    files.text(
        INDEX,
        index("a", SHARD_1, "b", SHARD_1, "c", SHARD_2)
            .replace(
                "\"weight_map\"",
                "\"metadata\":{\"total_size\":1e300,\"x\":[null]},\"weight_map\""));
    try (Checkpoint model = open(folder)) {
      assertThat(model.tensors()).hasSize(3);
    }
  }
}
