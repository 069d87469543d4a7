package radiata.names;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.names.KeyLists.part;
import static radiata.names.KeyLists.tensor;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.safetensors.Shape;

/// Transformers that their authors store fused and diffusers split: both ways of naming on both.
class TransformerLayoutsTest {
  private static NameTable flux() {
    try {
      return NameTable.of(KeyLists.base("sdmecha__flux-flux.tsv"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static List<Target> weights(NameTable table, String name) {
    return table.find(name).orElseThrow(() -> new AssertionError(name)).weights();
  }

  private static Target all(String tensor) {
    return new Target("", tensor, null, false);
  }

  @ParameterizedTest
  @CsvSource({
    "transformer_blocks.3.attn.to_q, double_blocks.3.img_attn.qkv, 0, 3072",
    "transformer_blocks.3.attn.to_k, double_blocks.3.img_attn.qkv, 3072, 3072",
    "transformer_blocks.3.attn.to_v, double_blocks.3.img_attn.qkv, 6144, 3072",
    "transformer_blocks.18.attn.add_v_proj, double_blocks.18.txt_attn.qkv, 6144, 3072",
    "single_transformer_blocks.37.attn.to_k, single_blocks.37.linear1, 3072, 3072",
    "single_transformer_blocks.37.proj_mlp, single_blocks.37.linear1, 9216, 12288"
  })
  void splitNamesAreRowsOfAFusedBase(String path, String own, long start, long count) {
    NameTable table = flux();
    String tensor = "model.diffusion_model." + own;
    Rows rows = new Rows(start, count);
    for (String name :
        List.of(
            "transformer." + path,
            "lora_transformer_" + path.replace('.', '_'),
            "lycoris_" + path.replace('.', '_'),
            "base_model.model." + path,
            "transformer.base_model.model." + path)) {
      Located module = table.find(name).orElseThrow(() -> new AssertionError(name));
      assertThat(module.weight()).isEqualTo(new Target("", tensor + ".weight", rows, false));
      assertThat(module.bias()).isEqualTo(new Target("", tensor + ".bias", rows, false));
      assertThat(table.modules()).doesNotContain(module);
      assertThat(table.name(module, Dialect.DIFFUSERS)).contains("transformer." + path);
      assertThat(table.name(module, Dialect.KOHYA)).isEmpty();
      assertThat(table.fused(module)).map(Located::path).contains(own);
    }
  }

  @Test
  void aFusedModuleOfAFusedBaseHasItsParts() {
    NameTable table = flux();
    Located fused = table.find("lora_unet_single_blocks_0_linear1").orElseThrow();
    assertThat(table.modules()).contains(fused);
    assertThat(table.parts(fused))
        .extracting(Located::path)
        .containsExactly(
            "single_transformer_blocks.0.attn.to_q",
            "single_transformer_blocks.0.attn.to_k",
            "single_transformer_blocks.0.attn.to_v",
            "single_transformer_blocks.0.proj_mlp");
    assertThat(table.name(fused, Dialect.COMFYUI))
        .contains("diffusion_model.single_blocks.0.linear1");
    assertThat(table.name(fused, Dialect.DIFFUSERS)).isEmpty();
    Located out = table.find("lora_unet_single_blocks_0_linear2").orElseThrow();
    assertThat(table.parts(out)).isEmpty();
    assertThat(table.fused(out)).isEmpty();
  }

  private static List<BaseTensor> split(String... names) {
    List<BaseTensor> base = new ArrayList<>();
    base.add(tensor("single_transformer_blocks.0.proj_out.weight", 8, 40));
    for (String name : names) {
      base.add(tensor(name + ".weight", name.endsWith("proj_mlp") ? 32 : 8, 8));
      base.add(tensor(name + ".bias", name.endsWith("proj_mlp") ? 32 : 8));
    }
    return base;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "lora_unet_single_blocks_0_linear1",
        "diffusion_model.single_blocks.0.linear1",
        "lycoris_single_blocks_0_linear1"
      })
  void fusedNamesAreSeveralTensorsOfASplitBase(String name) {
    String at = "single_transformer_blocks.0.";
    NameTable table =
        NameTable.of(split(at + "attn.to_q", at + "attn.to_k", at + "attn.to_v", at + "proj_mlp"));
    Located module = table.find(name).orElseThrow();
    assertThat(module.whole()).isFalse();
    assertThat(module.weights())
        .containsExactly(
            new Target("", at + "attn.to_q.weight", null, false, new Rows(0, 8)),
            new Target("", at + "attn.to_k.weight", null, false, new Rows(8, 8)),
            new Target("", at + "attn.to_v.weight", null, false, new Rows(16, 8)),
            new Target("", at + "proj_mlp.weight", null, false, new Rows(24, 32)));
    assertThat(module.biases()).hasSize(4);
    assertThat(table.modules()).doesNotContain(module).allMatch(Located::whole);
    assertThat(table.parts(module)).hasSize(4);
  }

  @Test
  void aFusedNameWithoutOneOfItsPartsIsNotFound() {
    String at = "single_transformer_blocks.0.";
    NameTable table = NameTable.of(split(at + "attn.to_q", at + "attn.to_v", at + "proj_mlp"));
    assertThat(table.find("lora_unet_single_blocks_0_linear1")).isEmpty();
    assertThat(table.find("lora_unet_single_blocks_0_linear2")).isPresent();
  }

  @Test
  void theLastModulationHasItsHalvesTurnedRound() {
    NameTable table = flux();
    String tensor = "model.diffusion_model.final_layer.adaLN_modulation.1.weight";
    Rows first = new Rows(0, 3072);
    Rows second = new Rows(3072, 3072);
    assertThat(weights(table, "lora_unet_final_layer_adaLN_modulation_1"))
        .containsExactly(all(tensor));
    assertThat(weights(table, "transformer.norm_out.linear"))
        .containsExactly(
            new Target("", tensor, second, false, first),
            new Target("", tensor, first, false, second));
    NameTable split =
        NameTable.of(
            List.of(
                tensor("single_transformer_blocks.0.proj_mlp.weight", 4, 4),
                tensor("norm_out.linear.weight", 6, 3)));
    assertThat(weights(split, "transformer.norm_out.linear"))
        .containsExactly(all("norm_out.linear.weight"));
    assertThat(weights(split, "diffusion_model.final_layer.adaLN_modulation.1"))
        .containsExactly(
            new Target("", "norm_out.linear.weight", new Rows(3, 3), false, new Rows(0, 3)),
            new Target("", "norm_out.linear.weight", new Rows(0, 3), false, new Rows(3, 3)));
  }

  @Test
  void theTextOfSd3EndsWithTurnedHalvesInItsLastBlockAlone() throws IOException {
    NameTable medium = NameTable.of(KeyLists.base("sdmecha__sd3-comfyui.tsv"));
    assertThat(weights(medium, "transformer.transformer_blocks.23.norm1_context.linear"))
        .hasSize(2);
    assertThat(weights(medium, "transformer.transformer_blocks.22.norm1_context.linear"))
        .hasSize(1);
    List<BaseTensor> base = new ArrayList<>();
    for (int i = 0; i < 38; i++) {
      String block = "joint_blocks." + i + ".context_block.";
      base.add(tensor(block + "adaLN_modulation.1.weight", i == 37 ? 4 : 12, 2));
      base.add(tensor(block + "attn.qkv.weight", 6, 2));
    }
    NameTable large = NameTable.of(base);
    assertThat(large.family()).isEqualTo(Family.SD3);
    assertThat(weights(large, "transformer_blocks.23.norm1_context.linear")).hasSize(1);
    assertThat(weights(large, "transformer_blocks.37.norm1_context.linear")).hasSize(2);
    assertThat(weights(large, "transformer_blocks.37.attn.add_k_proj"))
        .containsExactly(
            new Target("", "joint_blocks.37.context_block.attn.qkv.weight", new Rows(2, 2), false));
  }

  @ParameterizedTest
  @CsvSource({
    "lora_te1_text_model_encoder_layers_0_mlp_fc1, text_encoder",
    "text_encoder.text_model.encoder.layers.0.mlp.fc1, text_encoder",
    "lora_te3_encoder_block_0_layer_0_SelfAttention_q, text_encoder_2",
    "lora_te2_encoder_block_0_layer_0_SelfAttention_q, text_encoder_2",
    "text_encoder_2.encoder.block.0.layer.0.SelfAttention.q, text_encoder_2",
    "text_encoders.t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q, text_encoder_2"
  })
  void theTextEncodersOfAFluxFolderAreCountedInEveryWay(String name, String component) {
    NameTable table =
        NameTable.of(
            List.of(
                part("transformer", "single_transformer_blocks.0.proj_mlp.weight", 4, 4),
                part("text_encoder", "text_model.encoder.layers.0.mlp.fc1.weight", 4, 4),
                part("text_encoder_2", "encoder.block.0.layer.0.SelfAttention.q.weight", 4, 4)));
    assertThat(table.find(name).map(located -> located.weight().component()))
        .isEqualTo(Optional.of(component));
  }

  @Test
  void writesFluxAsEachDialectHasIt() {
    NameTable table = flux();
    Located proj = table.find("lora_unet_double_blocks_0_img_attn_proj").orElseThrow();
    assertThat(table.name(proj, Dialect.KOHYA)).contains("lora_unet_double_blocks_0_img_attn_proj");
    assertThat(table.name(proj, Dialect.KOHYA_DIFFUSERS))
        .contains("lora_transformer_transformer_blocks_0_attn_to_out_0");
    assertThat(table.name(proj, Dialect.DIFFUSERS))
        .contains("transformer.transformer_blocks.0.attn.to_out.0");
    assertThat(table.name(proj, Dialect.COMFYUI))
        .contains("diffusion_model.double_blocks.0.img_attn.proj");
    Located text = table.find("lora_te3_encoder_block_0_layer_0_SelfAttention_q").orElseThrow();
    assertThat(table.name(text, Dialect.KOHYA))
        .contains("lora_te3_encoder_block_0_layer_0_SelfAttention_q");
    assertThat(table.name(text, Dialect.KOHYA_DIFFUSERS))
        .contains("lora_te2_encoder_block_0_layer_0_SelfAttention_q");
    assertThat(table.name(text, Dialect.DIFFUSERS))
        .contains("text_encoder_2.encoder.block.0.layer.0.SelfAttention.q");
  }

  @Test
  void zImageIsSplitAsFluxIs() throws IOException {
    NameTable table = NameTable.of(KeyLists.base("invokeai__z_image_transformer_comfyui_keys.tsv"));
    for (String name :
        List.of("diffusion_model.layers.0.attention.to_k", "lora_unet_layers_0_attention_to_k")) {
      assertThat(weights(table, name))
          .containsExactly(
              new Target("", "layers.0.attention.qkv.weight", new Rows(3840, 3840), false));
    }
    assertThat(weights(table, "transformer.noise_refiner.0.attention.to_out.0"))
        .containsExactly(all("noise_refiner.0.attention.out.weight"));
  }

  @ParameterizedTest
  @CsvSource({
    "FLUX2, single_blocks.0.linear1, single_transformer_blocks.0.attn.to_qkv_mlp_proj",
    "FLUX2, double_blocks.0.txt_mlp.2, transformer_blocks.0.ff_context.linear_out",
    "CHROMA, distilled_guidance_layer.layers.4.in_layer, distilled_guidance_layer.layers.4.linear_1"
  })
  void relativesOfFluxHaveTheirOwnTables(Family family, String own, String diffusers) {
    NameTable table = NameTable.of(family);
    assertThat(weights(table, "transformer." + diffusers))
        .containsExactly(all("model.diffusion_model." + own + ".weight"));
    assertThat(weights(table, "lora_unet_" + own.replace('.', '_')))
        .isEqualTo(weights(table, "transformer." + diffusers));
  }

  @ParameterizedTest
  @CsvSource({
    "HUNYUAN_VIDEO, double_blocks.0.img_attn_qkv, single_blocks.0.modulation.linear",
    "HUNYUAN_VIDEO, single_transformer_blocks.0.attn.to_q, context_embedder.token_refiner.x",
    "WAN, blocks.0.self_attn.q, blocks.0.ffn.2",
    "WAN, blocks.0.cross_attn.k_img, blocks.39.cross_attn.o",
    "QWEN_IMAGE, transformer_blocks.0.img_mlp.net.2, transformer_blocks.0.attn.to_q",
    "ANIMA, blocks.0.adaln_modulation_mlp.1, blocks.0.self_attn.q_proj",
    "CHROMA, double_blocks.0.img_attn.qkv, distilled_guidance_layer.in_proj",
    "GENERIC, joint_transformer_blocks.0.attn.to_q, single_transformer_blocks.0.attn.to_q"
  })
  void modelsAndAdaptersOfTodaysTransformersAreToldByTheirNames(Family family, String a, String b) {
    for (String prefix : List.of("", "model.diffusion_model.", "transformer.")) {
      NameTable table =
          NameTable.of(
              List.of(tensor(prefix + a + ".weight", 8, 8), tensor(prefix + b + ".weight", 8, 8)));
      assertThat(table.family()).as(prefix + a).isEqualTo(family);
      for (String wrapper :
          List.of(
              "lora_unet_", "lycoris_", "lora_transformer_", "diffusion_model.", "transformer.")) {
        String name = wrapper + (wrapper.endsWith("_") ? a.replace('.', '_') : a);
        assertThat(weights(table, name)).isNotEmpty();
        String other = wrapper + (wrapper.endsWith("_") ? b.replace('.', '_') : b);
        assertThat(Families.guess(List.of(name, other), n -> Shape.SCALAR)).isEqualTo(family);
      }
    }
  }

  @Test
  void widthsTellFlux2FromFluxWhereNamesDoNot() {
    List<String> names = List.of("lora_unet_single_blocks_0_linear1");
    assertThat(Families.guess(names, n -> Shape.of(27648, 3072))).isEqualTo(Family.FLUX2);
    assertThat(Families.guess(names, n -> Shape.of(21504, 3072))).isEqualTo(Family.FLUX);
  }
}
