package radiata.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static radiata.convert.ConvertedModels.contents;
import static radiata.convert.ConvertedModels.convert;
import static radiata.convert.ConvertedModels.random;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorSpec;

/// One file becomes many and many become one, under the names that transformers and diffusers give.
class ShardingTest {
  private static final ConversionRequest KEEP = ConversionRequest.to(TargetLayout.KEEP);
  private static final List<TensorSpec> FOUR =
      List.of(
          new TensorSpec("model.layers.0.weight", DType.F32, Shape.of(10, 10)),
          new TensorSpec("model.layers.1.weight", DType.F32, Shape.of(10, 10)),
          new TensorSpec("model.layers.2.weight", DType.F32, Shape.of(10, 10)),
          new TensorSpec("model.norm.weight", DType.F32, Shape.of(10)));

  @TempDir Path folder;

  private Path model() throws IOException {
    return random(folder.resolve("in.safetensors"), FOUR, Map.of("title", "kept"));
  }

  @Test
  void splitsAFileIntoShardsWithAnIndex() throws IOException {
    Path output = folder.resolve("shards");
    convert(model(), KEEP.withShards(800), output, 2);
    assertThat(names(output))
        .containsExactly(
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json");
    JsonObject index = json(output.resolve("model.safetensors.index.json"));
    assertThat(index.getAsJsonObject("metadata").get("total_size").getAsLong()).isEqualTo(1240);
    assertThat(index.getAsJsonObject("weight_map").get("model.layers.2.weight").getAsString())
        .isEqualTo("model-00002-of-00002.safetensors");
    assertThat(contents(output)).isEqualTo(contents(model()));
  }

  @Test
  void joinsShardsIntoTheFileThatTheyWere() throws IOException {
    convert(model(), KEEP.withShards(500), folder.resolve("shards"), 1);
    Path joined = folder.resolve("joined.safetensors");
    convert(folder.resolve("shards"), KEEP, joined, 2);
    assertThat(contents(joined)).isEqualTo(contents(model()));
  }

  @Test
  void needsNoIndexWhereOneShardIsEnough() throws IOException {
    convert(model(), KEEP.withShards(1 << 20), folder.resolve("one"), 1);
    assertThat(names(folder.resolve("one"))).containsExactly("model.safetensors");
  }

  @Test
  void carriesTheOtherFilesAndTellsTheConfigTheNewDtype() throws IOException {
    Path input = Files.createDirectory(folder.resolve("llama"));
    random(input.resolve("model.safetensors"), FOUR, Map.of());
    Files.writeString(
        input.resolve("config.json"),
        "{\n  \"hidden_size\": 10,\n  \"torch_dtype\": \"float32\"\n}\n");
    Files.writeString(input.resolve("tokenizer.json"), "{}");
    Path output = folder.resolve("half");
    convert(input, KEEP.with(DType.F16).withShards(400), output, 2);
    assertThat(names(output))
        .containsExactly(
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "tokenizer.json");
    assertThat(output.resolve("config.json"))
        .hasContent("{\n  \"hidden_size\": 10,\n  \"torch_dtype\": \"float16\"\n}\n");
    convert(output, KEEP.with(DType.F32), folder.resolve("again"), 1);
    JsonObject index = json(folder.resolve("again/model.safetensors.index.json"));
    assertThat(index.getAsJsonObject("metadata").get("total_size").getAsLong()).isEqualTo(1240);
    assertThat(index.getAsJsonObject("weight_map").keySet()).hasSize(4);
  }

  @Test
  void givesEachComponentItsOwnShards() throws IOException {
    Path ldm =
        random(
            folder.resolve("sd.safetensors"),
            ConvertedModels.list("sdmecha__sd1-ldm.tsv", DType.F16, 64),
            Map.of());
    Path output = folder.resolve("pipeline");
    convert(ldm, ConversionRequest.to(TargetLayout.DIFFUSERS).withShards(15_000), output, 2);
    assertThat(names(output.resolve("unet")))
        .contains("config.json", "diffusion_pytorch_model.safetensors.index.json")
        .anyMatch(name -> name.startsWith("diffusion_pytorch_model-00001-of-"));
    assertThat(names(output.resolve("text_encoder"))).contains("model.safetensors.index.json");
    Path joined = folder.resolve("joined");
    convert(output, KEEP.withShards(1 << 30), joined, 2);
    assertThat(names(joined.resolve("unet")))
        .containsExactly("config.json", "diffusion_pytorch_model.safetensors");
    assertThat(names(joined.resolve("text_encoder")))
        .containsExactly("config.json", "model.safetensors");
    assertThat(contents(joined)).isEqualTo(contents(output));
  }

  @Test
  void refusesShardsInASingleFile() throws IOException {
    Path input = model();
    assertThatThrownBy(
            () -> convert(input, KEEP.withShards(500), folder.resolve("out.safetensors"), 1))
        .isInstanceOf(ConversionException.class)
        .hasMessageContaining("shards and their index need a folder");
  }

  private static TreeSet<String> names(Path of) throws IOException {
    try (var list = Files.list(of)) {
      return new TreeSet<>(list.map(file -> file.getFileName().toString()).toList());
    }
  }

  private static JsonObject json(Path file) throws IOException {
    return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
  }
}
