package radiata.train.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsWriter;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.train.engine.Device;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.nn.TensorReader;

/// Every record of every pipeline that other programs ran.
final class PipelineReplayTest {
  private static final Path PACKS = Path.of(System.getProperty("radiata.testdata"), "golden/train");

  @TempDir Path folder;

  private final Torch torch = Torch.on(Device.CPU);

  static List<Path> pipelines() throws IOException {
    try (Stream<Path> packs = Files.list(PACKS)) {
      return packs.filter(pack -> Files.exists(pack.resolve("model_index.json"))).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("pipelines")
  void holdsEveryRecordOfAPipeline(Path pack) throws IOException {
    List<Deviation> deviations = Replay.run(pack, torch);
    assertThat(deviations).hasSizeGreaterThan(40);
    assertThat(deviations).filteredOn(deviation -> !deviation.holds()).isEmpty();
  }

  @Test
  void aModelWithAnotherEpsilonOrActivationIsFarFromTheRecords() throws IOException {
    Path pack = copied(pipelines().getFirst());
    edit(pack.resolve("unet/config.json"), "\"norm_eps\": 1e-05", "\"norm_eps\": 1e-02");
    edit(pack.resolve("text_encoder/config.json"), "quick_gelu", "gelu");
    List<Deviation> deviations = Replay.run(pack, torch);
    assertThat(deviations)
        .filteredOn(deviation -> !deviation.holds())
        .extracting(Deviation::name)
        .contains("unet.down_blocks.0", "unet.sample", "text_encoder.last_hidden_state")
        .doesNotContain("unet.conv_in", "unet.emb", "vae.coffee.mean", "tokenizer.input_ids");
  }

  /// Records of single prompts, which packs of larger models have.
  @Test
  void textsAreReplayedByPrompt() throws IOException {
    Path pack = copied(pipelines().getFirst());
    Path file = pack.resolve("expected.safetensors");
    Map<String, float[]> records = new TreeMap<>();
    try (Checkpoint old = Checkpoint.open(file, Limits.DEFAULT);
        Scope _ = Scope.open()) {
      Tensor states =
          new TensorReader(torch, old.parts().getFirst().file())
              .read("text_encoder.last_hidden_state");
      int[] prompts = {0, 1, 4};
      for (int i = 0; i < prompts.length; i++) {
        records.put(
            "prompt" + prompts[i] + ".encoder_hidden_states", states.slice(0, i, i + 1).floats());
      }
    }
    records.get("prompt4.encoder_hidden_states")[5] += 0.5f;
    Header header =
        Header.canonical(
            records.keySet().stream()
                .map(name -> new TensorSpec(name, DType.F32, Shape.of(1, 77, 20)))
                .toList(),
            Map.of());
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, header, Replace.FORCE)) {
      for (TensorInfo tensor : header.tensors()) {
        writer.write(tensor, 0, MemorySegment.ofArray(records.get(tensor.name())));
      }
      writer.commit();
    }
    assertThat(Replay.run(pack, torch))
        .filteredOn(deviation -> deviation.name().startsWith("prompt"))
        .extracting(Deviation::name, Deviation::holds)
        .containsExactly(
            tuple("prompt0.encoder_hidden_states", true),
            tuple("prompt1.encoder_hidden_states", true),
            tuple("prompt4.encoder_hidden_states", false));
  }

  private Path copied(Path pack) throws IOException {
    try (Stream<Path> files = Files.walk(pack)) {
      for (Path file : files.toList()) {
        Path to = folder.resolve(pack.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(to);
        } else {
          Files.write(to, Files.readAllBytes(file));
        }
      }
    }
    return folder;
  }

  private static void edit(Path file, String from, String to) throws IOException {
    String text = Files.readString(file);
    assertThat(text).contains(from);
    Files.writeString(file, text.replace(from, to));
  }
}
