package radiata.adapter.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.safetensors.Limits;

class OtherFilesTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"emb_params", "string_to_param.*", "<s1>", "clip_l"})
  void anEmbeddingIsToldApart(String key) {
    assertThatThrownBy(() -> open(new TensorBytes().zeros(key, 768)))
        .isInstanceOf(AdapterException.class)
        .hasMessageStartingWith("is a textual-inversion embedding (" + key + " [768])");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.diffusion_model.input_blocks.0.0.weight",
        "first_stage_model.post_quant_conv.weight",
        "down_blocks.0.resnets.0.conv1.weight"
      })
  void aCheckpointIsToldApart(String key) {
    assertThatThrownBy(() ->
            open(
                new TensorBytes()
                    .zeros(key, 4, 4)
                    .zeros("double_blocks.0.img_attn.norm.query_norm.scale", 4)
                    .zeros("a.bias", 4)))
        .isInstanceOf(AdapterException.class)
        .hasMessageStartingWith("is a checkpoint (3 tensors such as " + key);
  }

  @Test
  void aFileWithoutTensorsIsNoAdapter() {
    assertThatThrownBy(() -> open(new TensorBytes())).hasMessageContaining("holds no tensor");
  }

  @Test
  void aModelsWeightsBesideAdapterKeysAreUnrecognised() throws IOException {
    try (AdapterFile adapter =
        open(new TensorBytes().pair("lora_unet_a", 4, 4).zeros("a.weight", 4, 4))) {
      assertThat(adapter.modules()).hasSize(1);
      assertThat(adapter.unrecognised()).hasSize(1);
    }
  }

  private AdapterFile open(TensorBytes bytes) throws IOException {
    return AdapterFile.open(bytes.write(folder.resolve("x.safetensors")), Limits.DEFAULT, null);
  }
}
