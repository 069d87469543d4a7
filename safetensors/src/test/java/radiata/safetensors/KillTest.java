package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// A process that replaces outputs is killed at random moments; `-Dradiata.kills=200` for more.
@DisabledOnOs(OS.WINDOWS)
class KillTest {
  private static final int KILLS = Integer.getInteger("radiata.kills", 40);

  @TempDir Path folder;

  private void requireWhole() throws IOException {
    assertThat(Outputs.fill(folder.resolve("file.safetensors"))).isPositive();
    Path model = folder.resolve("model");
    int fill = Outputs.fill(model.resolve("model.safetensors"));
    assertThat(fill).isPositive();
    assertThat(Outputs.fill(model.resolve("unet/model.safetensors"))).isEqualTo(fill);
    assertThat(model.resolve("config.json")).hasContent("" + fill);
    assertThat(Outputs.names(model)).containsExactly("config.json", "model.safetensors", "unet");
  }

  private void requireNothingElse() {
    assertThat(Outputs.names(folder)).containsExactly("file.safetensors", "model");
  }

  @Test
  void aKilledProcessLeavesTheOldOutputOrTheNew() throws Exception {
    RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
    int caught = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      Process child = EndlessWriter.start(List.of(), folder, "for ever");
      assertThat(child.inputReader().readLine()).isEqualTo("ready");
      Thread.sleep(random.nextInt(1, 25));
      child.destroyForcibly().waitFor();
      requireWhole();
      boolean hidden = Outputs.names(folder).stream().anyMatch(name -> name.startsWith("."));
      caught += hidden ? 1 : 0;
    }
    assertThat(caught).as("kills in the middle of a write").isPositive();
    EndlessWriter.main(new String[] {folder.toString(), "once"});
    requireWhole();
    requireNothingElse();
  }

  @Test
  void aTerminatedProcessRemovesWhatItBegan() throws Exception {
    for (int round = 0; round < Math.max(3, KILLS / 4); round++) {
      Process child = EndlessWriter.start(List.of(), folder, "for ever");
      assertThat(child.inputReader().readLine()).isEqualTo("ready");
      Thread.sleep(7L * round);
      child.destroy();
      assertThat(child.waitFor()).isEqualTo(143);
      requireWhole();
      requireNothingElse();
    }
    assertThat(Files.isDirectory(folder)).isTrue();
  }
}
