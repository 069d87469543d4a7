package radiata.train.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import radiata.train.engine.Device;
import radiata.train.engine.Torch;

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
    List<Deviation> deviations = PipelineReplay.run(pack, torch);
    assertThat(deviations).hasSizeGreaterThan(40);
    assertThat(deviations).filteredOn(deviation -> !deviation.holds()).isEmpty();
  }

  @Test
  void aModelWithAnotherEpsilonOrActivationIsFarFromTheRecords() throws IOException {
    Path pack = copied(pipelines().getFirst());
    edit(pack.resolve("unet/config.json"), "\"norm_eps\": 1e-05", "\"norm_eps\": 1e-02");
    edit(pack.resolve("text_encoder/config.json"), "quick_gelu", "gelu");
    List<Deviation> deviations = PipelineReplay.run(pack, torch);
    assertThat(deviations)
        .filteredOn(deviation -> !deviation.holds())
        .extracting(Deviation::name)
        .contains("unet.down_blocks.0", "unet.sample", "text_encoder.last_hidden_state")
        .doesNotContain("unet.conv_in", "unet.emb", "vae.coffee.mean", "tokenizer.input_ids");
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
