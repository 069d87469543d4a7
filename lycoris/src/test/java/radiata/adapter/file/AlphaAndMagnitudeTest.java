package radiata.adapter.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.convention.DoraAxis;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;

class AlphaAndMagnitudeTest {
  @TempDir Path folder;

  @Test
  void alphaIsReadFromEveryTypeOfNumber() throws IOException {
    assertThat(alpha(DType.F64, TensorBytes.little(8).putDouble(0.1).array())).isEqualTo(0.1);
    assertThat(alpha(DType.F32, TensorBytes.little(4).putFloat(4).array())).isEqualTo(4);
    assertThat(alpha(DType.F16, TensorBytes.little(2).putShort((short) 0x4400).array()))
        .isEqualTo(4);
    assertThat(alpha(DType.BF16, TensorBytes.little(2).putShort((short) 0x4080).array()))
        .isEqualTo(4);
    assertThat(alpha(DType.I64, TensorBytes.little(8).putLong(16).array(), 1)).isEqualTo(16);
    assertThat(alpha(DType.U8, new byte[] {7}, 1, 1)).isEqualTo(7);
    assertThat(alpha(DType.F32, new byte[4])).isZero();
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN})
  void anAlphaThatIsNotFiniteIsRefused(float alpha) {
    assertThatThrownBy(() -> alpha(DType.F32, TensorBytes.little(4).putFloat(alpha).array()))
        .isInstanceOfSatisfying(
            AdapterException.class, e -> assertThat(e.tensor()).isEqualTo("lora_unet_a.alpha"))
        .hasMessageContaining("needs a finite number");
  }

  @Test
  void anAlphaThatIsNoSingleNumberIsRefused() {
    assertThatThrownBy(() -> alpha(DType.F32, new byte[8], 2))
        .hasMessage("lora_unet_a.alpha is F32 [2], one number of shape [] or [1] was expected");
    assertThatThrownBy(() -> alpha(DType.C64, new byte[8]))
        .hasMessage("lora_unet_a.alpha is of type C64, which is not one number");
  }

  private double alpha(DType dtype, byte[] bytes, long... shape) throws IOException {
    Path file =
        new TensorBytes()
            .pair("lora_unet_a", 4, 6)
            .raw("lora_unet_a.alpha", dtype, bytes, shape)
            .write(folder.resolve("alpha.safetensors"));
    try (AdapterFile adapter = AdapterFile.open(file, Limits.DEFAULT, null)) {
      OptionalDouble alpha = adapter.modules().getFirst().alpha();
      return alpha.orElseThrow();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dora_scale | 4 6 | 4 1 | OUTPUT",
        "dora_scale | 4 6 | 1 6 | INPUT",
        "dora_scale | 5 5 | 5 1 | OUTPUT",
        "dora_scale | 5 5 | 1 5 | INPUT",
        "dora_scale | 5 5 | 5 | OUTPUT",
        "dora_scale | 4 6 | 4 | OUTPUT",
        "dora_scale | 4 6 | 6 | INPUT",
        "dora_scale | 1 6 | 1 6 | INPUT",
        "dora_scale | 1 6 | 1 1 | OUTPUT",
        "dora_scale | 6 1 | 1 1 | INPUT",
        "dora_scale | 6 1 | 6 1 | OUTPUT",
        "dora_scale | 1 1 | 1 1 | OUTPUT",
        "dora_scale | 4 6 | 4 1 1 1 | OUTPUT",
        "dora_scale | 4 6 | 1 6 1 1 | INPUT",
        "lora_magnitude_vector | 5 5 | 1 5 1 1 | OUTPUT",
        "lora_magnitude_vector | 4 6 | 4 | OUTPUT",
        "lora_magnitude_vector.weight | 4 6 | 4 | OUTPUT",
        "magnitude | 5 5 | 5 | OUTPUT"
      })
  void keyAndShapeTellTheAxis(String key, String weight, String stored, DoraAxis axis)
      throws IOException {
    assertThat(axis(key, dims(weight), dims(stored))).isEqualTo(axis);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dora_scale | 4 6 | 5 1",
        "dora_scale | 4 6 | 6 1",
        "dora_scale | 4 6 | 1 4",
        "dora_scale | 4 6 | 4 6",
        "dora_scale | 4 4 | 1 1 4",
        "dora_scale | 4 6 | 1 1",
        "lora_magnitude_vector | 4 6 | 6",
        "magnitude | 4 6 | 1 6"
      })
  void aMagnitudeThatFitsNeitherAxisIsRefusedWithBothShapes(
      String key, String weight, String stored) {
    assertThatThrownBy(() -> axis(key, dims(weight), dims(stored)))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining(Arrays.toString(dims(stored)))
        .hasMessageContaining("made for a weight " + Arrays.toString(dims(weight)));
  }

  @Test
  void twoMagnitudesAreRefused() {
    assertThatThrownBy(() ->
            AdapterFile.open(
                new TensorBytes()
                    .pair("lora_unet_a", 4, 6)
                    .zeros("lora_unet_a.dora_scale", 4, 1)
                    .zeros("lora_unet_a.magnitude", 4)
                    .write(folder.resolve("two.safetensors")),
                Limits.DEFAULT,
                null))
        .hasMessageContaining("two magnitudes, dora_scale and magnitude");
  }

  private DoraAxis axis(String key, long[] weight, long[] stored) throws IOException {
    Path file =
        new TensorBytes()
            .pair("lora_unet_a", weight[0], weight[1])
            .zeros("lora_unet_a." + key, stored)
            .write(folder.resolve("axis.safetensors"));
    try (AdapterFile adapter = AdapterFile.open(file, Limits.DEFAULT, null)) {
      return adapter.modules().getFirst().axis().orElseThrow();
    }
  }

  private static long[] dims(String words) {
    return Arrays.stream(words.strip().split(" ")).mapToLong(Long::parseLong).toArray();
  }
}
