package radiata.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static radiata.names.KeyLists.part;
import static radiata.names.KeyLists.tensor;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Bases of no known family, and language models.
class OwnNamesTest {
  private static String found(NameTable table, String name) {
    return table.find(name).orElseThrow(() -> new AssertionError(name)).weight().tensor();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "lycoris_blocks_0_attn_to_q",
        "lora_unet_blocks_0_attn_to_q",
        "lora_transformer_blocks_0_attn_to_q",
        "base_model.model.blocks.0.attn.to_q",
        "transformer.blocks.0.attn.to_q",
        "diffusion_model.blocks.0.attn.to_q",
        "unet.blocks.0.attn.to_q",
        "blocks.0.attn.to_q",
        "transformer.base_model.model.blocks.0.attn.to_q",
        "base_model.model.unet.blocks.0.attn.to_q"
      })
  void findsATensorUnderEveryWrapper(String name) {
    NameTable table =
        NameTable.of(
            List.of(
                tensor("blocks.0.attn.to_q.weight", 4, 4), tensor("blocks.0.attn.to_q.bias", 4)));
    assertThat(table.family()).isEqualTo(Family.GENERIC);
    Located module = table.find(name).orElseThrow();
    assertThat(module.weight()).isEqualTo(new Target("", "blocks.0.attn.to_q.weight", null, false));
    assertThat(module.bias()).isEqualTo(new Target("", "blocks.0.attn.to_q.bias", null, false));
    assertThat(module.block()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "model.diffusion_model.", "diffusion_model."})
  void baseNamesBehindAWrapperAreFoundWithoutIt(String prefix) {
    String base = prefix + "blocks.0.proj.weight";
    NameTable table = NameTable.of(List.of(tensor(base, 4, 4)));
    for (String name :
        List.of(
            "lora_unet_blocks_0_proj",
            "lycoris_blocks_0_proj",
            "transformer.blocks.0.proj",
            "diffusion_model.blocks.0.proj",
            "blocks.0.proj")) {
      assertThat(found(table, name)).isEqualTo(base);
    }
  }

  @Test
  void underscoresAreNeverGuessedBack() {
    NameTable table = NameTable.of(List.of(tensor("a_b.c.weight", 4, 4)));
    assertThat(found(table, "lycoris_a_b_c")).isEqualTo("a_b.c.weight");
    assertThat(table.find("a.b.c")).isEmpty();
    assertThat(table.find("base_model.model.a.b_c")).isEmpty();
  }

  @Test
  void ambiguousFlattenedNameIsRefusedNamingBoth() {
    NameTable table =
        NameTable.of(List.of(tensor("a_b.c.weight", 4, 4), tensor("a.b_c.weight", 4, 4)));
    assertThatExceptionOfType(NamingException.class)
        .isThrownBy(() -> table.find("lycoris_a_b_c"))
        .withMessageContaining("a_b.c.weight")
        .withMessageContaining("a.b_c.weight");
    assertThat(found(table, "base_model.model.a_b.c")).isEqualTo("a_b.c.weight");
  }

  @Test
  void parametersWithoutASuffixAreModulesByTheirOwnName() {
    NameTable table =
        NameTable.of(
            List.of(
                tensor("positional_embedding", 4, 4),
                tensor("attn.in_proj_weight", 12, 4),
                tensor("norm.bias", 4)));
    assertThat(found(table, "lycoris_positional_embedding")).isEqualTo("positional_embedding");
    assertThat(found(table, "attn.in_proj_weight")).isEqualTo("attn.in_proj_weight");
    assertThat(found(table, "norm.bias")).isEqualTo("norm.bias");
  }

  @Test
  void aLayerThatIsTheWholeModelHasTheEmptyName() {
    NameTable table = NameTable.of(List.of(tensor("weight", 4, 4), tensor("bias", 4)));
    Located module = table.find("lycoris_").orElseThrow();
    assertThat(module.weight().tensor()).isEqualTo("weight");
    assertThat(module.bias()).isEqualTo(new Target("", "bias", null, false));
  }

  @Test
  void doubledPrefixIsRefusedUnlessTheBaseHasThatLevel() {
    NameTable plain = NameTable.of(List.of(tensor("x.y.weight", 4, 4)));
    for (String name : List.of("unet.unet.x.y", "lora_unet_unet_x_y", "lycoris_lycoris_x_y")) {
      assertThatExceptionOfType(NamingException.class)
          .isThrownBy(() -> plain.find(name))
          .withMessageContaining(name);
    }
    NameTable nested = NameTable.of(List.of(tensor("unet_x.y.weight", 4, 4)));
    assertThat(found(nested, "lora_unet_unet_x_y")).isEqualTo("unet_x.y.weight");
  }

  @Test
  void aTransformersBlocksAreNoDoubledPrefix() {
    NameTable table = NameTable.of(List.of(tensor("transformer_blocks.0.ff.net.2.weight", 4, 4)));
    assertThat(found(table, "lora_transformer_transformer_blocks_0_ff_net_2"))
        .isEqualTo("transformer_blocks.0.ff.net.2.weight");
    assertThat(table.find("lora_transformer_transformer_blocks_9_ff_net_2")).isEmpty();
  }

  @Test
  void componentsOfAFolderKeepApart() {
    String layer = "text_model.encoder.layers.0.mlp.fc1.weight";
    NameTable table =
        NameTable.of(
            List.of(
                part("transformer", "transformer_blocks.0.attn.to_q.weight", 4, 4),
                part("text_encoder", layer, 4, 4),
                part("text_encoder_2", layer, 4, 4)));
    assertThat(table.find("lora_te1_text_model_encoder_layers_0_mlp_fc1").orElseThrow().role())
        .isEqualTo(Role.TEXT_ENCODER);
    assertThat(
            table.find("text_encoder_2.text_model.encoder.layers.0.mlp.fc1").orElseThrow().weight())
        .isEqualTo(new Target("text_encoder_2", layer, null, false));
    assertThat(table.find("transformer.transformer_blocks.0.attn.to_q").orElseThrow().role())
        .isEqualTo(Role.UNET);
    assertThat(table.find("lora_unet_text_model_encoder_layers_0_mlp_fc1")).isEmpty();
    assertThatExceptionOfType(NamingException.class)
        .isThrownBy(() -> table.find("lycoris_text_model_encoder_layers_0_mlp_fc1"))
        .withMessageContaining("text_encoder/" + layer)
        .withMessageContaining("text_encoder_2/" + layer);
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.layers.0.self_attn.q_proj", "layers.0.self_attn.q_proj"})
  void llamaIsFoundWithAndWithoutItsHead(String path) {
    NameTable table =
        NameTable.of(List.of(tensor(path + ".weight", 4, 4), tensor("rotary.inv_freq", 2)));
    assertThat(table.family()).isEqualTo(Family.LLAMA);
    for (String name :
        List.of(
            "base_model.model.model.layers.0.self_attn.q_proj",
            "base_model.model.layers.0.self_attn.q_proj",
            "model.layers.0.self_attn.q_proj")) {
      assertThat(found(table, name)).isEqualTo(path + ".weight");
    }
    Located module = table.modules().getFirst();
    assertThat(table.modules()).hasSize(1);
    assertThat(table.name(module, Dialect.PEFT))
        .contains("base_model.model.model.layers.0.self_attn.q_proj");
    assertThat(table.name(module, Dialect.KOHYA)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"transformer.h.0.attn.c_attn", "h.0.attn.c_attn"})
  void gpt2IsFoundWithAndWithoutItsHead(String path) {
    NameTable table =
        NameTable.of(List.of(tensor(path + ".weight", 4, 12), tensor(path + ".bias", 12)));
    assertThat(table.family()).isEqualTo(Family.GPT2);
    for (String name :
        List.of(
            "base_model.model.transformer.h.0.attn.c_attn", "base_model.model.h.0.attn.c_attn")) {
      Located module = table.find(name).orElseThrow();
      assertThat(module.weight()).isEqualTo(new Target("", path + ".weight", null, false));
    }
    assertThat(table.name(table.modules().getFirst(), Dialect.PEFT))
        .contains("base_model.model.transformer.h.0.attn.c_attn");
  }

  @Test
  void unmatchedNamesAreListedWithTheirNearest() {
    NameTable table =
        NameTable.of(
            List.of(
                tensor("blocks.0.attn.to_q.weight", 4, 4),
                tensor("blocks.1.resnet.conv1.weight", 4, 4)));
    assertThat(table.nearest("lycoris_blocks_7_attn_to_q", 3))
        .containsExactly("lycoris_blocks_0_attn_to_q");
    assertThat(table.nearest("base_model.model.blocks.1.resnets.conv1", 3))
        .containsExactly("base_model.model.blocks.1.resnet.conv1");
  }

  @Test
  void kohyasNamesOfFluxAreFoundInItsCheckpoint() throws IOException {
    NameTable table = NameTable.of(KeyLists.base("sdmecha__flux-flux.tsv"));
    List<String> modules =
        KeyLists.rows("invokeai__flux_lora_kohya_format.tsv").stream()
            .map(row -> row[0].substring(0, row[0].indexOf('.')))
            .distinct()
            .toList();
    assertThat(modules).hasSize(304);
    for (String name : modules) {
      Located module = table.find(name).orElseThrow(() -> new AssertionError(name));
      assertThat(module.role()).isEqualTo(Role.UNET);
      assertThat(table.name(module, Dialect.KOHYA)).contains(name);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "lora_te1_text_model_encoder_layers_0_mlp_fc1, TEXT_ENCODER",
    "lora_te2_text_model_encoder_layers_0_mlp_fc1, TEXT_ENCODER_2",
    "lora_te3_encoder_block_0_layer_0_SelfAttention_q, TEXT_ENCODER_3",
    "text_encoders.t5xxl.transformer.encoder.block.0.layer.0.SelfAttention.q, TEXT_ENCODER_3",
    "lora_unet_joint_blocks_0_x_block_attn_qkv, UNET",
    "diffusion_model.joint_blocks.0.x_block.attn.qkv, UNET",
    "first_stage_model.decoder.conv_in, VAE"
  })
  void thePartsOfAnSd3CheckpointAreToldByTheirPrefixes(String name, Role role) throws IOException {
    NameTable table = NameTable.of(KeyLists.base("sdmecha__sd3-comfyui.tsv"));
    assertThat(table.find(name).orElseThrow().role()).isEqualTo(role);
  }

  @ParameterizedTest
  @ValueSource(strings = {"text_model.", ""})
  void textEncodersOfAnyFolderAreFoundWithAndWithoutTheirLevel(String level) {
    String tensor = level + "encoder.layers.0.mlp.fc1.weight";
    NameTable table =
        NameTable.of(
            List.of(
                part("transformer", "transformer_blocks.0.attn.to_q.weight", 4, 4),
                part("text_encoder", tensor, 4, 4)));
    for (String name :
        List.of(
            "lora_te1_text_model_encoder_layers_0_mlp_fc1",
            "text_encoder.encoder.layers.0.mlp.fc1",
            "text_encoder.text_model.encoder.layers.0.mlp.fc1")) {
      assertThat(found(table, name)).isEqualTo(tensor);
    }
  }
}
