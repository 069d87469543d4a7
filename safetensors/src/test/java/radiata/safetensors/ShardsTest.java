package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static radiata.safetensors.Outputs.spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShardsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "6 6 2 6 2 2 | [[6], [6, 2], [6, 2, 2]]",
        "1 11 1      | [[11], [1, 1]]",
        "11          | [[11]]",
        "4 6 10 0 1  | [[4, 6], [10, 0], [1]]",
        "''          | []",
      })
  void splitsAsTheHubDoes(String sizes, String shards) {
    long[] bytes =
        Arrays.stream(sizes.split(" "))
            .filter(s -> !s.isEmpty())
            .mapToLong(Long::parseLong)
            .toArray();
    List<TensorSpec> specs =
        IntStream.range(0, bytes.length).mapToObj(i -> spec("t" + i, DType.U8, bytes[i])).toList();
    List<List<Long>> split =
        Shards.split(specs, 10).stream()
            .map(shard -> shard.stream().map(tensor -> tensor.shape().dim(0)).toList())
            .toList();
    assertThat(split).hasToString(shards);
  }

  @ParameterizedTest
  @CsvSource({
    "5GB, 5000000000",
    "1.5gb, 1500000000",
    "' 500 MB ', 500000000",
    "2KB, 2000",
    "1TB, 1000000000000",
    "12345, 12345",
    "7B, 7"
  })
  void readsSizes(String text, long bytes) {
    assertThat(Shards.parseSize(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "GB", "-1GB", "5 G", "0", "0.1B", "1e9", "5GiB", "5GB5"})
  void refusesOtherSizes(String text) {
    assertThatThrownBy(() -> Shards.parseSize(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("such as 5GB");
  }

  @Test
  void namesFilesAsTheHubDoes() {
    assertThat(Shards.fileName("model", 1, 1)).isEqualTo("model.safetensors");
    assertThat(Shards.fileName("model", 1, 3)).isEqualTo("model-00001-of-00003.safetensors");
    assertThat(Shards.fileName("diffusion_pytorch_model.fp16", 2, 2))
        .isEqualTo("diffusion_pytorch_model.fp16-00002-of-00002.safetensors");
    assertThat(Shards.indexName("model", "")).isEqualTo("model.safetensors.index.json");
    assertThat(Shards.indexName("diffusion_pytorch_model", "fp16"))
        .isEqualTo("diffusion_pytorch_model.safetensors.index.fp16.json");
  }

  @Test
  void writesTheBytesOfPythonsJson() {
    Map<String, String> weightMap =
        Map.of(
            "b", "x.safetensors", "a.\u00e9\n\"\\/\u007f", "y", "\uffff", "1", "\ud83d\ude00", "2");
    assertThat(Shards.index(weightMap, 12))
        .isEqualTo(
            """
            {
              "metadata": {
                "total_size": 12
              },
              "weight_map": {
                "a.\\u00e9\\n\\"\\\\/\\u007f": "y",
                "b": "x.safetensors",
                "\\uffff": "1",
                "\\ud83d\\ude00": "2"
              }
            }
            """);
    assertThat(Shards.index(Map.of(), 0)).endsWith("\"weight_map\": {}\n}\n");
  }

  @Test
  void writesAnIndexThatTheReaderBelieves(@TempDir Path folder) throws IOException {
    Map<String, String> weightMap =
        Map.of("a\ud83d\ude00\n", "model-00001-of-00002.safetensors", "b", "m.safetensors");
    Path index = folder.resolve(Shards.indexName("model", ""));
    Files.writeString(index, Shards.index(weightMap, 5));
    assertThat(ShardIndex.read(index).weightMap()).isEqualTo(weightMap);
  }
}
