package radiata.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlockWeightsTest {
  private static final NameTable SD1 = NameTable.of(Family.SD1);
  private static final NameTable SDXL = NameTable.of(Family.SDXL);

  /// The numbers 0.01, 0.02, …: each entry tells its place.
  private static String list(int length) {
    return IntStream.rangeClosed(1, length)
        .mapToObj(i -> "%d.%02d".formatted(i / 100, i % 100))
        .collect(Collectors.joining(","));
  }

  private static double of(NameTable table, String text, String module) {
    BlockWeights weights = BlockWeights.parse(text, table.family());
    return weights.of(table.find(module).orElseThrow(() -> new AssertionError(module)));
  }

  @Test
  void namedBlocksScaleTheirModulesAndNoOthers() {
    String text = "IN04=0.5,MID=0";
    assertThat(of(SD1, text, "lora_unet_down_blocks_1_attentions_0_proj_in")).isEqualTo(0.5);
    assertThat(of(SD1, text, "lora_unet_mid_block_attentions_0_proj_in")).isZero();
    assertThat(of(SD1, text, "lora_unet_down_blocks_1_attentions_1_proj_in")).isEqualTo(1);
    assertThat(of(SD1, text, "lora_te_text_model_encoder_layers_0_mlp_fc1")).isEqualTo(1);
    assertThat(of(SDXL, text, "lora_unet_input_blocks_4_1_proj_in")).isEqualTo(0.5);
    assertThat(of(SDXL, " base = -1e-1 , m00 = .25 ", "lora_te2_text_projection")).isEqualTo(-0.1);
    assertThat(of(SDXL, "M00=.25", "lora_unet_middle_block_1_proj_in")).isEqualTo(0.25);
    assertThat(of(SDXL, "VAE=0", "vae.decoder.conv_in")).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "26, lora_te_text_model_encoder_layers_0_mlp_fc1, 0.01",
    "26, lora_unet_down_blocks_0_attentions_0_proj_in, 0.03",
    "26, lora_unet_mid_block_resnets_0_conv1, 0.14",
    "26, lora_unet_up_blocks_3_attentions_2_proj_in, 0.26",
    "25, lora_te_text_model_encoder_layers_0_mlp_fc1, 1",
    "25, lora_unet_down_blocks_0_attentions_0_proj_in, 0.02",
    "25, lora_unet_up_blocks_3_attentions_2_proj_in, 0.25",
    "17, lora_te_text_model_encoder_layers_0_mlp_fc1, 0.01",
    "17, lora_unet_down_blocks_0_attentions_0_proj_in, 0.02",
    "17, lora_unet_down_blocks_2_attentions_1_proj_in, 0.07",
    "17, lora_unet_mid_block_attentions_0_proj_in, 0.08",
    "17, lora_unet_up_blocks_1_attentions_0_proj_in, 0.09",
    "17, lora_unet_up_blocks_3_attentions_2_proj_in, 0.17",
    "17, lora_unet_up_blocks_0_resnets_0_conv1, 1",
    "17, lora_unet_down_blocks_0_downsamplers_0_conv, 1"
  })
  void listsOfSd1NameTheBlocksThatTheirLengthSays(int length, String module, double weight) {
    assertThat(of(SD1, list(length), module)).isEqualTo(weight);
  }

  @ParameterizedTest
  @CsvSource({
    "20, lora_te1_text_model_encoder_layers_0_mlp_fc1, 0.01",
    "20, lora_unet_input_blocks_8_1_proj_in, 0.10",
    "20, lora_unet_middle_block_1_proj_in, 0.11",
    "20, lora_unet_output_blocks_0_1_proj_in, 0.12",
    "20, lora_unet_output_blocks_8_0_in_layers_2, 0.20",
    "20, lora_unet_out_2, 1",
    "20, first_stage_model.decoder.conv_in, 1",
    "21, first_stage_model.decoder.conv_in, 0.21",
    "21, lora_unet_output_blocks_8_0_in_layers_2, 0.20",
    "12, lora_te2_text_model_encoder_layers_0_mlp_fc1, 0.01",
    "12, lora_unet_input_blocks_4_1_proj_in, 0.02",
    "12, lora_unet_input_blocks_8_1_proj_in, 0.05",
    "12, lora_unet_middle_block_1_proj_in, 0.06",
    "12, lora_unet_output_blocks_5_1_proj_in, 0.12",
    "12, lora_unet_input_blocks_6_0_op, 1"
  })
  void listsOfSdxlNameTheBlocksThatTheirLengthSays(int length, String module, double weight) {
    assertThat(of(SDXL, list(length), module)).isEqualTo(weight);
    assertThat(of(SDXL, "[" + list(length) + "]", module)).isEqualTo(weight);
  }

  @Test
  void aListForAnotherFamilyIsRefusedWithTheLengthsThatFit() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BlockWeights.parse(list(26), Family.SDXL))
        .withMessageContaining("26")
        .withMessageContaining("12, 20 or 21");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BlockWeights.parse(list(12), Family.SD1))
        .withMessageContaining("17, 25 or 26");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",",
        "1",
        "IN04",
        "IN04=",
        "IN04=x",
        "IN04=NaN",
        "IN04=Infinity",
        "IN04=1e999",
        "IN04=0x1p3",
        "IN4=1",
        "IN12=1",
        "OUT99=1",
        "=1",
        "IN04=1,",
        "IN04=1,IN04=2",
        "MID=1,M00=2",
        "IN04=1,0.5",
        "IN04=1=2",
        "[IN04=1"
      })
  void nonsenseIsRefusedInASentence(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BlockWeights.parse(text, Family.SD1))
        .withMessageMatching("[^\\n]{15,}");
  }

  @Test
  void blocksThatSdxlLacksAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BlockWeights.parse("OUT11=0", Family.SDXL))
        .withMessageContaining("OUT11")
        .withMessageContaining("OUT08");
  }

  @ParameterizedTest
  @EnumSource(names = {"FLUX", "SD3", "LLAMA", "GPT2", "GENERIC"})
  void familiesWithoutBlocksAreRefused(Family family) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BlockWeights.parse("IN04=0", family))
        .withMessageContaining(family.id());
  }
}
