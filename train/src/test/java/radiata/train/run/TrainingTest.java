package radiata.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.adapter.file.AdapterFile;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.train.engine.Scope;

final class TrainingTest {
  @TempDir Path folder;

  private Path sub(String name) throws IOException {
    return Files.createDirectories(folder.resolve(name));
  }

  private static byte[] weights(Path config) throws IOException {
    return Files.readAllBytes(config.resolveSibling("out/bard/adapter_model.safetensors"));
  }

  @Test
  void theLossFallsAndEverythingPromisedIsWritten() throws IOException {
    Path config =
        Runs.language(folder, "max_train_steps = 24", "save_every_n_steps = 8", "keep_last = 1");
    Runs.Told told = Runs.run(config);
    assertThat(told.losses).hasSize(24);
    assertThat(mean(told.losses.subList(18, 24))).isLessThan(mean(told.losses.subList(0, 6)) - 0.2);
    Path out = folder.resolve("out");
    try (Stream<Path> files = Files.list(out)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "bard",
              "bard-step00000016",
              "bard-log.csv",
              "bard-loss.svg",
              "bard-state.safetensors",
              "tensorboard");
    }
    assertThat(Files.readAllLines(out.resolve("bard-log.csv"))).hasSize(25);
    try (AdapterFile adapter = AdapterFile.open(out.resolve("bard"), Limits.DEFAULT, null)) {
      assertThat(adapter.modules()).hasSize(35).allMatch(module -> module.axis().isPresent());
    }
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(x -> x).average().orElseThrow();
  }

  @Test
  void aResumedRunStillKeepsOnlyTheLastOnes() throws IOException {
    Path config =
        Runs.language(folder, "max_train_steps = 6", "save_every_n_steps = 1", "keep_last = 2");
    assertThatThrownBy(() -> Runs.run(config, false, 4)).isInstanceOf(TrainingException.class);
    Runs.run(config, true, Integer.MAX_VALUE);
    try (Stream<Path> files = Files.list(folder.resolve("out"))) {
      assertThat(files.map(file -> file.getFileName().toString()).filter(n -> n.contains("step")))
          .containsExactlyInAnyOrder("bard-step00000004", "bard-step00000005");
    }
  }

  @Test
  void withoutSaveStateOnlyARunThatIsStoppedLeavesAState() throws IOException {
    Path config = Runs.language(folder, "max_train_steps = 3", "save_state = false");
    Path state = folder.resolve("out/bard-state.safetensors");
    Runs.run(config);
    assertThat(state).doesNotExist();
    assertThatThrownBy(() -> Runs.run(config, false, 2)).isInstanceOf(TrainingException.class);
    assertThat(state).exists();
  }

  @Test
  void twoRunsGiveTheSameBytes() throws IOException {
    Path one = Runs.language(sub("one"), "max_train_steps = 3");
    Path two = Runs.language(sub("two"), "max_train_steps = 3");
    Runs.run(one);
    Runs.run(two);
    assertThat(weights(one)).isEqualTo(weights(two));
  }

  @Test
  void aRunThatIsStoppedGoesOnAsIfItHadNotBeen() throws IOException {
    Path whole = Runs.language(sub("whole"), "max_train_steps = 9", "lr_scheduler = \"cosine\"");
    Path broken = Runs.language(sub("broken"), "max_train_steps = 9", "lr_scheduler = \"cosine\"");
    Runs.run(whole);
    assertThatThrownBy(() -> Runs.run(broken, false, 4))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("after step 4 of 9")
        .hasMessageContaining("--resume");
    Runs.Told rest = Runs.run(broken, true, Integer.MAX_VALUE);
    assertThat(rest.done).isEqualTo(4);
    assertThat(rest.losses).hasSize(5);
    assertThat(weights(broken)).isEqualTo(weights(whole));
    for (String log : List.of("out/bard-log.csv", "out/bard-loss.svg")) {
      assertThat(broken.resolveSibling(log)).hasSameTextualContentAs(whole.resolveSibling(log));
    }
  }

  @Test
  void aPictureRunThatIsStoppedGoesOnAsIfItHadNotBeen() throws IOException {
    String[] lines = {"max_train_steps = 4", "text_encoder = true", "flip_aug = true"};
    Path whole = Runs.pictures(sub("whole"), lines);
    Path broken = Runs.pictures(sub("broken"), lines);
    Runs.run(whole);
    assertThatThrownBy(() -> Runs.run(broken, false, 2)).isInstanceOf(TrainingException.class);
    Runs.run(broken, true, Integer.MAX_VALUE);
    assertThat(broken.resolveSibling("out/cat.safetensors"))
        .hasSameBinaryContentAs(whole.resolveSibling("out/cat.safetensors"));
  }

  @Test
  void aKilledRunGoesOnAsIfItHadNotBeen() throws IOException, InterruptedException {
    String[] lines = {"max_train_steps = 40", "save_every_n_steps = 3"};
    Path whole = Runs.language(sub("whole"), lines);
    Path killed = Runs.language(sub("killed"), lines);
    Runs.run(whole);
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-DENGINE_CACHE_DIR=" + System.getProperty("ENGINE_CACHE_DIR"),
                "-DDJL_CACHE_DIR=" + System.getProperty("DJL_CACHE_DIR"),
                "-Dradiata.testdata=" + System.getProperty("radiata.testdata"),
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName(),
                killed.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("child.txt").toFile())
            .start();
    Path log = killed.resolveSibling("out/bard-log.csv");
    int lines4 = 4 + new Random().nextInt(20);
    while (child.isAlive() && (!Files.exists(log) || Files.readAllLines(log).size() < lines4)) {
      Thread.sleep(10);
    }
    child.destroyForcibly();
    assertThat(child.waitFor(1, TimeUnit.MINUTES)).isTrue();
    Runs.run(killed, true, Integer.MAX_VALUE);
    assertThat(weights(killed)).isEqualTo(weights(whole));
  }

  /// A run in a process of its own.
  static final class Child {
    private Child() {}

    public static void main(String[] arguments) throws IOException {
      Runs.run(Path.of(arguments[0]));
    }
  }

  @Test
  void manyStepsLeaveNoTensorBehind() throws IOException {
    int steps = Integer.getInteger("radiata.steps", 40);
    Path config = Runs.language(folder, "max_train_steps = " + steps);
    int before = Scope.owned();
    long[] resident = new long[steps + 1];
    int[] owned = new int[steps + 1];
    Runs.Told told =
        new Runs.Told() {
          @Override
          public void after(int step, int epoch, double loss, double average) {
            super.after(step, epoch, loss, average);
            owned[step] = Scope.owned();
            resident[step] = resident();
          }
        };
    Training.run(
        radiata.train.config.TrainConfig.read(config), false, java.util.Optional.empty(), told);
    assertThat(Scope.owned()).isEqualTo(before);
    assertThat(owned[steps]).isEqualTo(owned[5]);
    // The heap is touched bit by bit as it is used; a leak of tensors would be more than all of it.
    assertThat(resident[steps] - resident[steps / 2]).isLessThan(256L << 20);
  }

  private static long resident() {
    try {
      String pages = Files.readString(Path.of("/proc/self/statm")).split(" ")[1];
      return Long.parseLong(pages) << 12;
    } catch (IOException e) {
      return 0;
    }
  }

  @Test
  void aLossThatIsNoNumberEndsTheRunAndKeepsTheLastGoodState() throws IOException {
    Path config =
        Runs.language(
            folder,
            "max_train_steps = 20",
            "network_alpha = 1e6",
            "max_grad_norm = 0",
            "save_every_n_steps = 1");
    String text = Files.readString(config);
    Files.writeString(config, text.replace("2e-3", "100").replace("dora = \"output\"", ""));
    assertThatThrownBy(() -> Runs.run(config))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("the loss of step")
        .hasMessageContaining("bard-state.safetensors");
  }

  @Test
  void theStateOfAnotherRunIsNotTaken() throws IOException {
    Path config = Runs.language(folder, "max_train_steps = 2");
    Runs.run(config);
    Files.writeString(
        config, Files.readString(config).replace("network_dim = 2", "network_dim = 3"));
    assertThatThrownBy(() -> Runs.run(config, true, Integer.MAX_VALUE))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("another run");
  }

  @Test
  void gradientCheckpointingChangesNothing() throws IOException {
    Path one = Runs.language(sub("one"), "max_train_steps = 3");
    Path two = Runs.language(sub("two"), "max_train_steps = 3", "gradient_checkpointing = true");
    assertThat(Runs.run(one).losses).isEqualTo(Runs.run(two).losses);
  }

  @ParameterizedTest
  @CsvSource({"bf16, 0.05", "fp16, 0.02"})
  void frozenWeightsOfSixteenBitsTrainAFloat32Adapter(String precision, double apart)
      throws IOException {
    String line = "mixed_precision = \"" + precision + "\"";
    double language = Runs.run(Runs.language(sub("a"), "max_train_steps = 2")).losses.getFirst();
    Path config = Runs.language(sub("b"), "max_train_steps = 2", line);
    assertThat(Runs.run(config).losses.getFirst()).isCloseTo(language, within(apart));
    try (AdapterFile adapter =
        AdapterFile.open(config.resolveSibling("out/bard"), Limits.DEFAULT, null)) {
      assertThat(adapter.file().tensors()).allMatch(tensor -> tensor.dtype() == DType.F32);
    }
    double pictures = Runs.run(Runs.pictures(sub("c"), "max_train_steps = 2")).losses.getFirst();
    Runs.Told told = Runs.run(Runs.pictures(sub("d"), "max_train_steps = 2", line));
    assertThat(told.losses.getFirst()).isCloseTo(pictures, within(2 * apart));
    assertThat(told.losses).allMatch(Double::isFinite);
  }

  @Test
  void anAdapterIsContinued() throws IOException {
    Path first = Runs.language(sub("first"), "max_train_steps = 6");
    Runs.Told begun = Runs.run(first);
    Path second =
        Runs.language(
            sub("second"),
            "max_train_steps = 1",
            "network_weights = \"%s\"".formatted(first.resolveSibling("out/bard")));
    assertThat(Runs.run(second).losses.getFirst()).isLessThan(begun.losses.getFirst() - 0.05);
  }

  @Test
  void lohaLokrAndPlainLoraTrainOnPictures() throws IOException {
    for (String algorithm : List.of("lora", "loha", "lokr")) {
      Path config =
          Runs.pictures(
              sub(algorithm),
              "max_train_steps = 2",
              "algorithm = \"%s\"".formatted(algorithm),
              "conv_dim = 2",
              "min_snr_gamma = 5",
              "noise_offset = 0.05");
      assertThat(Runs.run(config).losses).hasSize(2).allMatch(loss -> loss > 0 && loss < 20);
      try (AdapterFile adapter =
          AdapterFile.open(config.resolveSibling("out/cat.safetensors"), Limits.DEFAULT, null)) {
        assertThat(adapter.modules()).hasSizeGreaterThan(280);
        assertThat(adapter.metadata())
            .containsKeys("ss_network_dim", "modelspec.architecture", "radiata");
      }
    }
  }

  @Test
  void statesOfCaptionsFromTheDiskAreThoseThatWereComputed() throws IOException {
    String[] lines = {
      "max_train_epochs = 1", "text_encoder = false", "cache_text_encoder_outputs = true"
    };
    Path config = Runs.pictures(sub("cached"), lines);
    Runs.Told first = Runs.run(config);
    try (Stream<Path> kept = Files.list(config.resolveSibling("out/cache"))) {
      assertThat(kept).hasSize(6);
    }
    assertThat(Runs.run(config).losses).isEqualTo(first.losses);
    Path plain = Runs.pictures(sub("plain"), "max_train_epochs = 1", "text_encoder = false");
    assertThat(Runs.run(plain).losses).isEqualTo(first.losses);
  }

  @Test
  void samplesAreDrawn() throws IOException {
    Path config =
        Runs.pictures(
            folder,
            "max_train_steps = 1",
            "sample_prompts = [\"a cat --s 2 --l 5\"]",
            "sample_every_n_steps = 1");
    Runs.run(config);
    assertThat(javax.imageio.ImageIO.read(folder.resolve("out/sample/cat_000001_00.png").toFile()))
        .isNotNull();
  }
}
