package radiata.adapter.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;

/// Signs of a writer that lie in shapes and numbers instead of names.
class WriterSignsTest {
  private static final String QKV = "lora_unet_double_blocks_0_img_attn_qkv";
  private static final String LINEAR1 = "lora_unet_single_blocks_0_linear1";

  @TempDir Path folder;

  private AdapterFile open(TensorBytes bytes) throws IOException {
    return AdapterFile.open(bytes.write(folder.resolve("a.safetensors")), Limits.DEFAULT, null);
  }

  @ParameterizedTest
  @CsvSource({"3, onetrainer", "1, lycoris"})
  void lohaWithAKernelInItsFactorsIsOneTrainers(int kernel, String writer) throws IOException {
    String module = "lora_unet_down_blocks_0_resnets_0_conv1";
    TensorBytes bytes = new TensorBytes();
    for (String half : new String[] {"hada_w1", "hada_w2"}) {
      if (kernel > 1) {
        bytes
            .zeros(module + "." + half + "_a", 8, 2, 1, 1)
            .zeros(module + "." + half + "_b", 2, 4, kernel, kernel);
      } else {
        bytes.zeros(module + "." + half + "_a", 8, 2).zeros(module + "." + half + "_b", 2, 36);
      }
    }
    try (AdapterFile adapter = open(bytes)) {
      assertThat(adapter.writer()).isEqualTo(writer);
    }
  }

  /// A pair for `[rows, width]` whose up is `on` along a diagonal of blocks, `beside` elsewhere.
  private static TensorBytes pair(String module, int[] rows, int rank, float on, float beside) {
    int all = 0;
    for (int count : rows) {
      all += count;
    }
    int columns = rank * rows.length;
    ByteBuffer up = TensorBytes.little(4 * all * columns);
    for (int block = 0; block < rows.length; block++) {
      for (int row = 0; row < rows[block]; row++) {
        for (int column = 0; column < columns; column++) {
          up.putFloat(column / rank == block ? on : beside);
        }
      }
    }
    return new TensorBytes()
        .raw(module + ".lora_up.weight", DType.F32, up.array(), all, columns)
        .zeros(module + ".lora_down.weight", columns, rows[0]);
  }

  private void split(TensorBytes bytes, boolean is) throws IOException {
    try (AdapterFile adapter = open(bytes)) {
      assertThat(adapter.writer()).isEqualTo("sd-scripts");
      assertThat(adapter.because().stream().anyMatch(reason -> reason.contains("split_qkv")))
          .as("%s", adapter.because())
          .isEqualTo(is);
    }
  }

  @Test
  void fusedUpsAlongADiagonalWereTrainedApart() throws IOException {
    split(pair(QKV, new int[] {8, 8, 8}, 2, 1, 0), true);
    split(pair(LINEAR1, new int[] {8, 8, 8, 32}, 1, 1, 0), true);
  }

  @Test
  void anUpThatIsFullOrUntrainedWasNot() throws IOException {
    split(pair(QKV, new int[] {8, 8, 8}, 2, 1, 1), false);
    split(pair(QKV, new int[] {8, 8, 8}, 2, 0, 0), false);
    split(pair("lora_unet_double_blocks_0_img_mlp_0", new int[] {8, 8, 8}, 2, 1, 0), false);
  }

  @Test
  void aRankThatDoesNotDivideIsNotLookedAt() throws IOException {
    split(
        new TensorBytes()
            .zeros(QKV + ".lora_up.weight", 24, 4)
            .zeros(QKV + ".lora_down.weight", 4, 8),
        false);
  }
}
