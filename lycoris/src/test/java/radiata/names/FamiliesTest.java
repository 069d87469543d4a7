package radiata.names;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.safetensors.Shape;

class FamiliesTest {
  private static Family guess(String... modules) {
    return Families.guess(List.of(modules), module -> Shape.SCALAR);
  }

  @ParameterizedTest
  @CsvSource({"768, SD1", "1024, SD2", "1280, SDXL_REFINER", "2048, SDXL"})
  void theWidthOfCrossAttentionDecides(long width, Family family) {
    List<String> modules =
        List.of(
            "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_k",
            "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k");
    assertThat(Families.guess(modules, name -> Shape.of(640, name.contains("attn2") ? width : 640)))
        .isEqualTo(family);
    String old = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora";
    assertThat(Families.guess(List.of(old), name -> Shape.of(640, width))).isEqualTo(family);
  }

  @ParameterizedTest
  @CsvSource({"768, SD1", "1024, SD2", "512, GENERIC"})
  void theWidthOfTheTextEncoderDecidesWithoutAUnet(long width, Family family) {
    assertThat(
            Families.guess(
                List.of("lora_te_text_model_encoder_layers_0_self_attn_q_proj"),
                name -> Shape.of(width, width)))
        .isEqualTo(family);
  }

  @Test
  void namesDecideWhereShapesAreSilent() {
    assertThat(guess("lora_unet_input_blocks_4_1_proj_in")).isEqualTo(Family.SDXL);
    assertThat(guess("lora_te2_text_model_encoder_layers_0_mlp_fc1")).isEqualTo(Family.SDXL);
    assertThat(guess("unet.mid_block.attentions.0.transformer_blocks.7.attn1.to_q"))
        .isEqualTo(Family.SDXL);
    assertThat(guess("lora_unet_down_blocks_0_attentions_0_proj_in")).isEqualTo(Family.SD1);
    assertThat(guess("lora_unet_joint_blocks_0_x_block_attn_qkv")).isEqualTo(Family.SD3);
    assertThat(guess("transformer.transformer_blocks.3.ff_context.net.2")).isEqualTo(Family.SD3);
    assertThat(guess("base_model.model.model.layers.0.self_attn.q_proj")).isEqualTo(Family.LLAMA);
    assertThat(guess("base_model.model.transformer.h.0.attn.c_attn")).isEqualTo(Family.GPT2);
    assertThat(guess("lycoris_blocks_0_attn_to_q")).isEqualTo(Family.GENERIC);
    assertThat(guess("w_a_000")).isEqualTo(Family.GENERIC);
    assertThat(guess()).isEqualTo(Family.GENERIC);
  }

  @ParameterizedTest
  @CsvSource({
    "invokeai__flux_dora_onetrainer_format.tsv, FLUX",
    "invokeai__flux_lora_diffusers_format.tsv, FLUX",
    "invokeai__flux_lora_kohya_format.tsv, FLUX",
    "invokeai__flux_lokr_bfl_format.tsv, FLUX",
    "invokeai__flux2_transformer_bfl_keys.tsv, FLUX2",
    "invokeai__anima_lora_kohya_format.tsv, ANIMA",
    "invokeai__anima_lora_kohya_with_te_format.tsv, ANIMA",
    "invokeai__qwen_image_lora_diffusers_format.tsv, GENERIC",
    "sdmecha__sdxl-kohya.tsv, SDXL"
  })
  void readsTheFamilyOfRealFilesFromTheirNames(String list, Family family) throws IOException {
    Set<String> modules =
        KeyLists.rows(list).stream()
            .map(
                row -> row[0].replaceAll("\\.(lora_(up|down|A|B)\\.weight|alpha|weight|bias)$", ""))
            .collect(Collectors.toSet());
    assertThat(Families.guess(modules, module -> Shape.SCALAR)).isEqualTo(family);
  }
}
