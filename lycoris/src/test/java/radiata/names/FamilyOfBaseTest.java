package radiata.names;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.names.KeyLists.tensor;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FamilyOfBaseTest {
  private static Family familyOf(List<BaseTensor> base) {
    return FamilyOfBase.of(base, Optional.empty());
  }

  @ParameterizedTest
  @CsvSource({
    "sdmecha__sd1-ldm.tsv, SD1",
    "sdmecha__sdxl-sgm.tsv, SDXL",
    "sdmecha__sdxl-diffusers_unet_only.tsv, SDXL",
    "sdmecha__flux-flux.tsv, FLUX",
    "sdmecha__sd3-comfyui.tsv, SD3"
  })
  void knowsWholeCheckpoints(String list, Family family) throws IOException {
    assertThat(NameTable.of(KeyLists.base(list)).family()).isEqualTo(family);
  }

  @ParameterizedTest
  @CsvSource({"768, SD1", "1024, SD2"})
  void theWidthOfTheTextTellsSd1FromSd2(long width, Family family) {
    assertThat(
            familyOf(
                List.of(
                    tensor("down_blocks.0.attentions.0.proj_in.weight", 320, 320, 1, 1),
                    tensor(
                        "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight",
                        320,
                        width))))
        .isEqualTo(family);
  }

  @ParameterizedTest
  @CsvSource({"768, SD1", "1024, SD2", "1280, SDXL_REFINER", "2048, SDXL"})
  void theWidthOfTheTextTellsUnetsThatShareAllTheirNames(long width, Family family) {
    String name = "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight";
    assertThat(familyOf(List.of(tensor(name, 640, width)))).isEqualTo(family);
  }

  @Test
  void theRefinersUnetIsToldByItsLevels() {
    assertThat(
            familyOf(
                List.of(
                    tensor("label_emb.0.0.weight", 4, 4),
                    tensor("input_blocks.4.1.transformer_blocks.3.attn1.to_q.weight", 4, 4),
                    tensor("input_blocks.11.0.in_layers.2.weight", 4, 4, 3, 3))))
        .isEqualTo(Family.SDXL_REFINER);
  }

  @Test
  void aFewSharedNamesMakeNoStableDiffusion() {
    assertThat(
            familyOf(
                List.of(
                    tensor("time_embed.0.weight", 4, 4),
                    tensor("input_blocks.0.0.weight", 4, 4, 3, 3),
                    tensor("blocks.0.attn.to_q.weight", 4, 4),
                    tensor("blocks.0.attn.to_k.weight", 4, 4))))
        .isEqualTo(Family.GENERIC);
    assertThat(familyOf(List.of())).isEqualTo(Family.GENERIC);
  }

  @Test
  void textEncodersAreNoLlama() {
    assertThat(
            familyOf(
                List.of(
                    KeyLists.part("transformer", "blocks.0.attn.weight", 8, 8),
                    KeyLists.part("text_encoder", "layers.0.self_attn.q_proj.weight", 8, 8))))
        .isEqualTo(Family.GENERIC);
    assertThat(
            familyOf(List.of(tensor("text_model.encoder.layers.0.self_attn.q_proj.weight", 8, 8))))
        .isEqualTo(Family.GENERIC);
  }

  @Test
  void unetsThatReadNoTextAreNoStableDiffusion() {
    for (String attention : List.of("to_q", "query", "group_norm")) {
      assertThat(
              familyOf(
                  List.of(
                      tensor("conv_in.weight", 4, 4, 3, 3),
                      tensor("time_embedding.linear_1.weight", 4, 4),
                      tensor("down_blocks.0.resnets.0.conv1.weight", 4, 4, 3, 3),
                      tensor("down_blocks.0.downsamplers.0.conv.weight", 4, 4, 3, 3),
                      tensor("mid_block.attentions.0." + attention + ".weight", 4, 4))))
          .isEqualTo(Family.GENERIC);
    }
  }

  @Test
  void anAutoencoderBesideTheUnetDoesNotHideIt() {
    assertThat(
            familyOf(
                List.of(
                    tensor("unet.down_blocks.0.attentions.0.proj_in.weight", 4, 4, 1, 1),
                    tensor("vae.decoder.mid_block.attentions.0.to_q.weight", 4, 4),
                    tensor("vae.decoder.mid_block.attentions.0.group_norm.weight", 4))))
        .isEqualTo(Family.SD1);
  }
}
