package radiata.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static radiata.names.KeyLists.part;
import static radiata.names.KeyLists.tensor;

import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Bases of the Stable Diffusion families in the layouts that users have.
class NameTableTest {
  private static final NameTable SD1 = NameTable.of(Family.SD1);
  private static final NameTable SDXL = NameTable.of(Family.SDXL);

  private static String found(NameTable table, String name) {
    return table.find(name).orElseThrow(() -> new AssertionError(name)).weight().tensor();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_q",
        "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_q",
        "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2.to_q",
        "oft_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_q",
        "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q",
        "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q.base_layer",
        "unet.input_blocks.4.1.transformer_blocks.0.attn2.to_q",
        "diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_q",
        "model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_q",
        "lycoris_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_q",
        "base_model.model.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q",
        "base_model.model.unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q",
        "transformer.base_model.model.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q",
        "down_blocks.1.attentions.0.transformer_blocks.0.attn2.processor.to_q_lora"
      })
  void findsOneLayerOfSdxlUnderEveryProgramsName(String name) {
    assertThat(found(SDXL, name))
        .isEqualTo("model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_q.weight");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "lora_te2_text_model_encoder_layers_3_self_attn_v_proj",
        "text_encoder_2.text_model.encoder.layers.3.self_attn.v_proj",
        "text_encoder_2.encoder.layers.3.self_attn.v_proj",
        "text_encoder_2.text_model.encoder.layers.3.self_attn.to_v_lora",
        "text_encoders.clip_g.transformer.text_model.encoder.layers.3.self_attn.v_proj",
        "text_encoder_2.base_model.model.text_model.encoder.layers.3.self_attn.v_proj"
      })
  void findsTheRowsOfAFusedWeight(String name) {
    Located module = SDXL.find(name).orElseThrow();
    String layer = "conditioner.embedders.1.model.transformer.resblocks.3.attn.in_proj_";
    Rows rows = new Rows(2560, 1280);
    assertThat(module.weight()).isEqualTo(new Target("", layer + "weight", rows, false));
    assertThat(module.bias()).isEqualTo(new Target("", layer + "bias", rows, false));
    assertThat(module.role()).isEqualTo(Role.TEXT_ENCODER_2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "lora_te2_text_projection",
        "text_encoder_2.text_projection",
        "text_encoders.clip_g.transformer.text_projection",
        "conditioner.embedders.1.model.text_projection"
      })
  void theProjectionOfOpenClipIsStoredTransposed(String name) {
    Target expected = new Target("", "conditioner.embedders.1.model.text_projection", null, true);
    assertThat(SDXL.find(name).orElseThrow().weight()).isEqualTo(expected);
  }

  @Test
  void theProjectionOfADiffusersFolderIsNot() {
    NameTable table =
        NameTable.of(
            List.of(
                part("unet", "down_blocks.1.attentions.0.proj_in.weight", 8, 8),
                part("text_encoder", "text_model.final_layer_norm.weight", 8),
                part("text_encoder_2", "text_projection.weight", 8, 8)));
    assertThat(table.family()).isEqualTo(Family.SDXL);
    assertThat(table.find("lora_te2_text_projection").orElseThrow().weight())
        .isEqualTo(new Target("text_encoder_2", "text_projection.weight", null, false));
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.diffusion_model.", "diffusion_model.", "unet.", ""})
  void readsAUnetAloneUnderAnyPrefixInBothLayouts(String prefix) {
    String rest = ".transformer_blocks.0.attn1.to_out.0.weight";
    String ldm = prefix + "input_blocks.1.1" + rest;
    String diffusers = prefix + "down_blocks.0.attentions.0" + rest;
    for (String name : List.of(ldm, diffusers)) {
      if (name.startsWith("model.") && name.contains("down_blocks")) {
        continue; // nobody writes diffusers paths behind the LDM prefix
      }
      NameTable table = NameTable.of(List.of(tensor(name, 320, 320)));
      assertThat(table.family()).as(name).isEqualTo(Family.SD1);
      for (String adapter :
          List.of(
              "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0",
              "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_out_0",
              "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out",
              "diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_out.0")) {
        assertThat(found(table, adapter)).isEqualTo(name);
      }
    }
  }

  @Test
  void textEncodersWithAndWithoutTheTextModelLevelAreTheSame() {
    String layer = "encoder.layers.0.mlp.fc1.weight";
    String prefix = "cond_stage_model.transformer.";
    for (String level : List.of("", "text_model.")) {
      NameTable table = NameTable.of(List.of(tensor(prefix + level + layer, 8, 8)));
      assertThat(table.family()).isEqualTo(Family.SD1);
      for (String name :
          List.of(
              "lora_te_text_model_encoder_layers_0_mlp_fc1",
              "lora_te_encoder_layers_0_mlp_fc1",
              "lora_te1_text_model_encoder_layers_0_mlp_fc1",
              "text_encoder.text_model.encoder.layers.0.mlp.fc1",
              "text_encoder.encoder.layers.0.mlp.fc1",
              "text_encoders.clip_l.transformer.text_model.encoder.layers.0.mlp.fc1",
              "cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1")) {
        assertThat(found(table, name)).isEqualTo(prefix + level + layer);
      }
    }
  }

  @Test
  void autoencodersOfOldAndNewDiffusersAreTheSame() {
    for (String name : List.of("to_out.0", "proj_attn")) {
      String tensor = "decoder.mid_block.attentions.0." + name + ".weight";
      NameTable table =
          NameTable.of(
              List.of(part("unet", "mid_block.resnets.0.conv1.weight"), part("vae", tensor)));
      assertThat(found(table, "vae.decoder.mid_block.attentions.0.to_out.0")).isEqualTo(tensor);
      assertThat(found(table, "vae.decoder.mid_block.attentions.0.proj_attn")).isEqualTo(tensor);
      assertThat(found(table, "first_stage_model.decoder.mid.attn_1.proj_out")).isEqualTo(tensor);
    }
  }

  @Test
  void theRefinersOnlyTextEncoderAnswersToEveryTextPrefix() {
    NameTable refiner = NameTable.of(Family.SDXL_REFINER);
    for (String prefix : List.of("lora_te_", "lora_te1_", "lora_te2_")) {
      assertThat(found(refiner, prefix + "text_model_encoder_layers_0_mlp_fc1"))
          .isEqualTo("conditioner.embedders.0.model.transformer.resblocks.0.mlp.c_fc.weight");
    }
  }

  @Test
  void sdxlHasNoTextEncoderWithoutANumber() {
    String name = "lora_te_text_model_encoder_layers_0_mlp_fc1";
    assertThat(SDXL.find(name)).isEmpty();
    assertThat(SDXL.nearest(name, 2))
        .containsExactly(
            "lora_te1_text_model_encoder_layers_0_mlp_fc1",
            "lora_te2_text_model_encoder_layers_0_mlp_fc1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "lora_unet_conv_shortcut",
        "lora_unet_down_blocks_0_resnets_0_conv_shortcut",
        "lora_unet_down_blocks_3_attentions_0_proj_in",
        "lora_te2_text_model_encoder_layers_0_mlp_fc1",
        "lora_transformer_down_blocks_0",
        "text_encoder.down_blocks.0.resnets.0.conv1",
        "nothing at all",
        "",
        "."
      })
  void doesNotFindWhatSd1LacksOrHasElsewhere(String name) {
    assertThat(SD1.find(name)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "unet.unet.down_blocks.0.resnets.0.conv1",
        "base_model.model.base_model.model.down_blocks.0.resnets.0.conv1",
        "base_model.model.unet.unet.down_blocks.0.resnets.0.conv1",
        "diffusion_model.diffusion_model.input_blocks.1.0.in_layers.2",
        "lora_unet_unet_down_blocks_0_resnets_0_conv1",
        "lora_unet_lora_unet_down_blocks_0_resnets_0_conv1",
        "lycoris_lycoris_down_blocks_0_resnets_0_conv1",
        "lora_te_lora_te_text_model_encoder_layers_0_mlp_fc1",
        "text_encoder.text_encoder.text_model.encoder.layers.0.mlp.fc1"
      })
  void doubledPrefixIsRefusedByName(String name) {
    assertThatExceptionOfType(NamingException.class)
        .isThrownBy(() -> SD1.find(name))
        .withMessageContaining(name)
        .withMessageContaining("twice");
  }

  @Test
  void wrapperWithoutTextEncoderNumberIsAmbiguousOnSdxl() {
    assertThatExceptionOfType(NamingException.class)
        .isThrownBy(() -> SDXL.find("lycoris_text_model_encoder_layers_0_mlp_fc1"))
        .withMessageContaining("conditioner.embedders.0.transformer.")
        .withMessageContaining("conditioner.embedders.1.model.");
  }

  @Test
  void tensorsThatAKnownFamilyShouldNotHaveKeepTheirOwnNames() {
    BaseTensor extra = tensor("control.gate.weight", 4, 4);
    NameTable table =
        NameTable.of(
            List.of(
                tensor("cond_stage_model.transformer.text_model.final_layer_norm.weight", 4),
                extra));
    assertThat(table.kind(extra)).isEqualTo(TensorKind.UNKNOWN);
    assertThat(found(table, "lycoris_control_gate")).isEqualTo("control.gate.weight");
  }

  @Test
  void aSecondSpellingOfATensorDoesNotReplaceTheFirst() {
    String first = "cond_stage_model.transformer.text_model.final_layer_norm.weight";
    String second = "cond_stage_model.transformer.final_layer_norm.weight";
    NameTable table = NameTable.of(List.of(tensor(first, 4), tensor(second, 4)));
    assertThat(found(table, "lora_te_text_model_final_layer_norm")).isEqualTo(first);
    assertThat(found(table, second.replace(".weight", ""))).isEqualTo(second);
  }

  @ParameterizedTest
  @CsvSource({
    "KOHYA, lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_q",
    "KOHYA_DIFFUSERS, lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_q",
    "LYCORIS, lycoris_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_q",
    "DIFFUSERS, unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q",
    "PEFT, base_model.model.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q",
    "COMFYUI, diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_q"
  })
  void writesALayerAsEachDialectHasIt(Dialect dialect, String name) {
    assertThat(SDXL.name(SDXL.find(name).orElseThrow(), dialect)).contains(name);
  }

  @Test
  void writesKohyasNamesOfSd1AsDiffusersPaths() {
    String name = "lora_unet_down_blocks_0_attentions_0_proj_in";
    assertThat(SD1.name(SD1.find(name).orElseThrow(), Dialect.KOHYA)).contains(name);
    String text = "lora_te_text_model_encoder_layers_0_mlp_fc1";
    assertThat(SD1.name(SD1.find(text).orElseThrow(), Dialect.KOHYA)).contains(text);
    Located vae = SD1.find("vae.decoder.conv_in").orElseThrow();
    assertThat(SD1.name(vae, Dialect.KOHYA)).isEmpty();
  }

  @Test
  void namesTheNearestRealModuleInTheSpellingOfTheQuestion() {
    assertThat(SD1.nearest("lora_unet_down_blocks_0_attentions_0_projin", 1))
        .containsExactly("lora_unet_down_blocks_0_attentions_0_proj_in");
    assertThat(SD1.nearest("unet.down_blocks.0.attention.0.proj_in", 1))
        .containsExactly("unet.down_blocks.0.attentions.0.proj_in");
    assertThat(SD1.nearest("down_blocks.0.attention.0.proj_in", 1))
        .containsExactly("down_blocks.0.attentions.0.proj_in");
    assertThat(SD1.nearest("lora_unt_down_blocks_0_attentions_0_proj_in", 1))
        .containsExactly("lora_unet_down_blocks_0_attentions_0_proj_in");
    assertThat(SD1.nearest("lora_te2_text_model_encoder_layers_0_mlp_fc1", 1))
        .containsExactly("lora_te1_text_model_encoder_layers_0_mlp_fc1");
    assertThat(SD1.nearest("w_a_000", 3)).isEmpty();
  }

  /// Wrappers and pieces of names in any order are found, not found or refused, and always end.
  @Test
  void heapsOfWrappersAreNeverMoreThanABrokenName() {
    List<String> pieces =
        List.of(
            "base_model.model.",
            "unet.",
            "transformer.",
            "diffusion_model.",
            "lora_unet_",
            "unet_",
            "lycoris_",
            "text_encoder.",
            "lora_te1_",
            ".processor",
            ".base_layer",
            "_lora",
            ".",
            "_",
            "down_blocks.0.",
            "attentions_0_",
            "attentions.0.",
            "proj_in",
            "text_model.",
            "é");
    RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
    int refused = 0;
    for (int i = 0; i < 20_000; i++) {
      StringBuilder name = new StringBuilder();
      for (int n = random.nextInt(8); n > 0; n--) {
        name.append(pieces.get(random.nextInt(pieces.size())));
      }
      try {
        Optional<Located> module = SDXL.find(name.toString());
        module.ifPresent(found -> assertThat(SDXL.modules()).contains(found));
      } catch (NamingException broken) {
        refused++;
        assertThat(broken).hasMessageContaining("module name");
      }
    }
    assertThat(refused).isPositive();
  }
}
