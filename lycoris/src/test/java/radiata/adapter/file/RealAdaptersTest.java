package radiata.adapter.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.names.Dialect;
import radiata.safetensors.Limits;

class RealAdaptersTest {
  private static final Path REAL = Path.of(System.getProperty("radiata.testdata"), "real");

  @Test
  void readsOldDiffusersProcessorNames() throws IOException {
    try (AdapterFile adapter =
        open("files/catundchat+stable-diffusion-v1.5-lora__pytorch_lora_weights.safetensors")) {
      assertThat(adapter.modules()).hasSize(128);
      assertThat(adapter.modules()).allMatch(module -> module.rank().orElse(0) == 4);
      assertThat(adapter.modules()).allMatch(module -> module.alpha().isEmpty());
      assertThat(adapter.modules())
          .extracting(AdapterModule::name)
          .contains("down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q");
      assertThat(adapter.unrecognised()).isEmpty();
      assertThat(adapter.dialect()).isEqualTo(Dialect.DIFFUSERS);
      assertThat(adapter.writer()).isEqualTo("diffusers");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 8, 16})
  void opensFilesOfUnknownKeysAndSaysSo(int rank) throws IOException {
    try (AdapterFile adapter =
        open("files/MathieuNlp+Sam_LoRA__lora_weights__lora_rank" + rank + ".safetensors")) {
      assertThat(adapter.modules()).isEmpty();
      assertThat(adapter.unrecognised()).hasSize(48);
      assertThat(adapter.dialect()).isEqualTo(Dialect.UNKNOWN);
      assertThat(adapter.writer()).isEqualTo("unknown");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"analog_svd_rank4", "lora_disney"})
  void takesNoTargetsFromLayersThatAreOnlyNumbered(String name) throws IOException {
    try (AdapterFile adapter =
        open("files/cloneofsimo+lora__example_loras__" + name + ".safetensors")) {
      assertThat(adapter.modules()).isEmpty();
      assertThat(adapter.unrecognised()).hasSize(adapter.file().tensors().size());
      assertThat(adapter.because()).anyMatch(reason -> reason.contains("number the layers"));
    }
  }

  @Test
  void aCheckpointIsNoAdapter() {
    assertThatThrownBy(() -> open("models/stories260K/model.safetensors"))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("is a checkpoint (47 tensors such as ");
    assertThatThrownBy(() -> open("models/stories260K"))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("is the folder of a model (it holds model.safetensors)");
  }

  private static AdapterFile open(String path) throws IOException {
    return AdapterFile.open(REAL.resolve(path), Limits.DEFAULT, null);
  }
}
