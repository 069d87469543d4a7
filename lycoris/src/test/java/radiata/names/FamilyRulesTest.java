package radiata.names;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class FamilyRulesTest {
  private static final Pattern ATTENTION =
      Pattern.compile(
          ".*\\.attentions\\.\\d+\\.(.*\\.)?(proj_in|proj_out|to_[qkv]|to_out\\.0|proj|net\\.2)");
  private static final Pattern CONVOLUTION =
      Pattern.compile(
          ".*\\.(resnets\\.\\d+\\.(conv1|conv2|time_emb_proj|conv_shortcut)|(down|up)samplers\\.0\\.conv)");
  private static final Pattern TEXT =
      Pattern.compile(".*\\.(self_attn\\.[a-z]+_proj|mlp\\.fc[12])");

  /// The numbers of modules that sd-scripts reports when it makes an adapter, without and with
  /// `conv_dim`.
  @ParameterizedTest
  @CsvSource({"SD1, 192, 278", "SD2, 192, 278", "SDXL, 722, 788"})
  void hasAsManyUnetModulesAsKohyasScriptsTrain(Family family, long attention, long all) {
    assertThat(count(family, Role.UNET, ATTENTION)).isEqualTo(attention);
    assertThat(count(family, Role.UNET, CONVOLUTION)).isEqualTo(all - attention);
  }

  @ParameterizedTest
  @CsvSource({
    "SD1, TEXT_ENCODER, 72",
    // sd-scripts trains 23 of the 24 layers: 138 modules.
    "SD2, TEXT_ENCODER, 144",
    "SDXL, TEXT_ENCODER, 72",
    "SDXL, TEXT_ENCODER_2, 192",
    "SDXL_REFINER, TEXT_ENCODER_2, 192"
  })
  void hasAsManyTextModulesAsKohyasScriptsTrain(Family family, Role role, long modules) {
    assertThat(count(family, role, TEXT)).isEqualTo(modules);
  }

  private static long count(Family family, Role role, Pattern pattern) {
    return Families.modules(family).stream()
        .filter(module -> module.role() == role && pattern.matcher(module.path()).matches())
        .count();
  }

  @ParameterizedTest
  @EnumSource(Family.class)
  void noTwoModulesOfAPartShareANameInAnySpelling(Family family) {
    Map<String, ModuleNames> taken = new HashMap<>();
    for (ModuleNames module : Families.modules(family)) {
      List<String> paths = new java.util.ArrayList<>(module.also());
      paths.add(module.path());
      if (!module.storage().shared()) {
        paths.add(module.ldm());
      }
      for (String path : paths) {
        for (String spelling : Spelling.of(path)) {
          ModuleNames other = taken.putIfAbsent(module.role() + Spelling.flat(spelling), module);
          assertThat(other == null || other == module).as(spelling).isTrue();
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Family.class)
  void theTableOfAFamilyWithoutABaseHoldsAllItsModules(Family family) {
    NameTable table = NameTable.of(family);
    assertThat(table.family()).isEqualTo(family);
    assertThat(table.modules())
        .hasSameSizeAs(
            Families.modules(family).stream()
                .filter(module -> family.isUnet() || !module.storage().shared())
                .toList());
    assertThat(table.modules()).allMatch(Located::whole);
    assertThat(table.modules().isEmpty()).isEqualTo(!family.hasTable());
    assertThat(table.modules()).allMatch(module -> module.weight().component().isEmpty());
  }

  /// Whatever name a dialect gives a module leads back to it, in the table and in a base whose own
  /// names say nothing but its tensors.
  @ParameterizedTest
  @EnumSource(Family.class)
  void everyNameThatIsWrittenIsReadAsTheSameModule(Family family) {
    NameTable table = NameTable.of(family);
    for (Located module : table.modules()) {
      for (Dialect dialect : Dialect.values()) {
        table
            .name(module, dialect)
            .ifPresent(name -> assertThat(table.find(name)).as(name).contains(module));
      }
      if (module.role() == Role.UNET && family.isUnet()) {
        EnumSet<Dialect> all = EnumSet.complementOf(EnumSet.of(Dialect.UNKNOWN));
        assertThat(all).allMatch(dialect -> table.name(module, dialect).isPresent());
      }
    }
  }

  @Test
  void placesModulesInKohyasListOfBlocks() {
    NameTable sd = NameTable.of(Family.SD1);
    assertThat(block(sd, "lora_unet_down_blocks_0_attentions_1_proj_in")).isEqualTo(3);
    assertThat(block(sd, "lora_unet_down_blocks_1_downsamplers_0_conv")).isEqualTo(7);
    assertThat(block(sd, "lora_unet_mid_block_resnets_1_conv1")).isEqualTo(13);
    assertThat(block(sd, "lora_unet_up_blocks_3_attentions_2_proj_in")).isEqualTo(25);
    assertThat(block(sd, "lora_unet_up_blocks_0_upsamplers_0_conv")).isEqualTo(16);
    assertThat(block(sd, "lora_te_text_model_encoder_layers_3_mlp_fc1")).isZero();
    assertThat(block(sd, "lora_unet_conv_out")).isEqualTo(-1);
    assertThat(block(sd, "vae.decoder.conv_in")).isEqualTo(-1);
    NameTable xl = NameTable.of(Family.SDXL);
    assertThat(block(xl, "lora_unet_input_blocks_8_1_proj_in")).isEqualTo(9);
    assertThat(block(xl, "lora_unet_middle_block_1_proj_in")).isEqualTo(13);
    assertThat(block(xl, "lora_unet_output_blocks_5_1_proj_in")).isEqualTo(19);
    assertThat(block(xl, "lora_unet_label_emb_0_0")).isEqualTo(1);
    assertThat(block(xl, "lora_unet_time_embed_2")).isEqualTo(1);
    assertThat(block(xl, "lora_unet_out_2")).isEqualTo(23);
    assertThat(block(xl, "lora_te2_text_model_encoder_layers_31_mlp_fc1")).isZero();
  }

  private static int block(NameTable table, String name) {
    return table.find(name).orElseThrow(() -> new AssertionError(name)).block().orElse(-1);
  }
}
