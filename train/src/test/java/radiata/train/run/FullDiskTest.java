package radiata.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.SafetensorsException;

final class FullDiskTest {
  @TempDir Path folder;
  private boolean mounted;

  private static int run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    return process.waitFor(20, TimeUnit.SECONDS) ? process.exitValue() : -1;
  }

  private int mount(String options, Path at) throws IOException, InterruptedException {
    return run(List.of("mount", "-t", "tmpfs", "-o", options, "tmpfs", at.toString()));
  }

  @AfterEach
  void unmount() throws IOException, InterruptedException {
    if (mounted) {
      assertThat(run(List.of("umount", folder.resolve("disk").toString()))).isZero();
    }
  }

  @Test
  void aRunThatFillsTheDiskGoesOnWhenThereIsRoom() throws Exception {
    assumeThat(OS.LINUX.isCurrentOs()).as("a tmpfs needs Linux").isTrue();
    Path disk = Files.createDirectory(folder.resolve("disk"));
    // Writing wants one MiB more than a file has.
    mounted = mount("size=2m", disk) == 0;
    assumeThat(mounted).as("mounting a tmpfs needs root").isTrue();
    String[] lines = {"max_train_steps = 12", "save_every_n_steps = 1"};
    Path config = Runs.language(disk, lines);
    assertThatThrownBy(() -> Runs.run(config))
        .isInstanceOf(SafetensorsException.class)
        .hasMessageContaining("the disk is full");
    try (Stream<Path> files = Files.walk(disk)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith("."));
    }
    assertThat(mount("remount,size=20m", disk)).isZero();
    Runs.Told told = Runs.run(config, true, Integer.MAX_VALUE);
    assertThat(told.done).isBetween(1, 11);

    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    Path whole = Runs.language(elsewhere, lines);
    Runs.run(whole);
    String weights = "out/bard/adapter_model.safetensors";
    assertThat(disk.resolve(weights)).hasSameBinaryContentAs(elsewhere.resolve(weights));
  }
}
