package radiata.train.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.train.engine.Device;
import radiata.train.engine.Torch;
import radiata.train.nn.NetworkException;

final class PackTest {
  @TempDir Path folder;

  private Pack pack(String text) throws IOException {
    Files.writeString(folder.resolve("pack.json"), text);
    return Pack.open(folder);
  }

  @Test
  void membersAreReadByTheirTypesAndMayBeMissing() throws IOException {
    Pack pack =
        pack("{\"kind\": \"diffusion\", \"training\": {\"eps\": 1e-8, \"betas\": [0.9, 0.99]}}");
    assertThat(pack.kind()).isEqualTo("diffusion");
    assertThat(pack.need("training", "eps")).isEqualTo(1e-8);
    assertThat(pack.numbers("training", "betas")).isEqualTo(List.of(0.9, 0.99));
    assertThat(pack.tolerance("loss_abs")).isEmpty();
    assertThat(pack.texts("prompts")).isEmpty();
  }

  @Test
  void aMemberOfAnotherTypeIsNamedWithItsFile() throws IOException {
    Pack pack = pack("{\"tolerances\": {\"loss_abs\": \"small\"}, \"prompts\": 3}");
    assertThatThrownBy(() -> pack.tolerance("loss_abs"))
        .isInstanceOf(NetworkException.class)
        .hasMessage(
            folder.resolve("pack.json") + ": tolerances.loss_abs is \"small\", expected a number");
    assertThatThrownBy(() -> pack.texts("prompts"))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("prompts is 3, expected a list of texts");
  }

  @Test
  void tolerancesThatAreNoObjectAreRefusedAndNotSkipped() throws IOException {
    Pack pack = pack("{\"tolerances\": 3, \"results\": [4]}");
    assertThatThrownBy(() -> pack.tolerance("loss_abs"))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("tolerances.loss_abs is 3, expected an object");
    assertThatThrownBy(() -> pack.objects("results"))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("results is [4], expected a list of objects");
  }

  @Test
  void aRunOfAKindThatIsNotKnownIsRefused() throws IOException {
    pack("{\"kind\": \"video\"}");
    assertThatThrownBy(() -> Replay.run(folder, Torch.on(Device.CPU)))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("\"video\"");
  }
}
