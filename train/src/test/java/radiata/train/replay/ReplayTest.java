package radiata.train.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import radiata.train.engine.Device;
import radiata.train.engine.Torch;

/// Every recorded run is met within its own tolerances.
final class ReplayTest {
  private static final Path GOLDEN =
      Path.of(System.getProperty("radiata.testdata")).resolve("golden/train");

  static Stream<String> runs() throws IOException {
    try (Stream<Path> folders = Files.list(GOLDEN)) {
      return folders
          .filter(folder -> Files.isRegularFile(folder.resolve("pack.json")))
          // Held by PipelineReplayTest.
          .filter(folder -> !folder.endsWith("sd1-pipeline"))
          .filter(folder -> folder.toString().contains(System.getProperty("radiata.replay", "")))
          .map(folder -> folder.getFileName().toString())
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("runs")
  void aRecordedRunIsMet(String name) throws IOException {
    List<Deviation> deviations = Replay.run(GOLDEN.resolve(name), Torch.on(Device.CPU));
    assertThat(deviations.size()).isGreaterThan(5);
    assertThat(deviations.stream().filter(d -> !d.holds())).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"sd1-dora-out, true", "sd1-dora-detached, false"})
  void aRunWithTheOtherNormGradientIsNotTheRecordedOne(String name, boolean detached)
      throws IOException {
    Pack pack = Pack.open(GOLDEN.resolve(name));
    List<Deviation> deviations = Replay.run(pack, Torch.on(Device.CPU), detached);
    assertThat(deviations)
        .anySatisfy(d -> {
          assertThat(d.name()).isEqualTo("loss of every step");
          assertThat(d.holds()).isFalse();
        });
  }
}
