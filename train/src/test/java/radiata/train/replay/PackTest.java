package radiata.train.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
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

  @ParameterizedTest
  @CsvSource({
    "last_hidden_state, 1",
    "last, 1",
    "hidden_states[-2] after final_layer_norm, 2",
    "penultimate, 2",
    "clip_skip 2, 2"
  })
  void theStateThatTheUnetReadIsKnownByItsNames(String state, int skip) throws IOException {
    Pack pack = pack("{\"training\": {\"text_state\": \"%s\"}}".formatted(state));
    assertThat(DiffusionReplay.clipSkip(pack)).isEqualTo(skip);
  }

  @ParameterizedTest
  @ValueSource(strings = {"second to last", "hidden_states[-3]", "clip_skip 20", "lastly"})
  void anotherStateIsRefused(String state) throws IOException {
    Pack pack = pack("{\"training\": {\"text_state\": \"%s\"}}".formatted(state));
    assertThatThrownBy(() -> DiffusionReplay.clipSkip(pack))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining(state);
  }

  @Test
  void aRunOfAKindThatIsNotKnownIsRefused() throws IOException {
    pack("{\"kind\": \"video\"}");
    assertThatThrownBy(() -> Replay.run(folder, Torch.on(Device.CPU)))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("\"video\"");
  }
}
