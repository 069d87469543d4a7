package radiata.names;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.names.KeyLists.part;
import static radiata.names.KeyLists.tensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.safetensors.Shape;

/// Hugging Face language models, saved with and without the level of the class that has the head.
class LanguageModelsTest {
  private static NameTable table(String... tensors) {
    return NameTable.of(Arrays.stream(tensors).map(name -> tensor(name, 4, 4)).toList());
  }

  private static ModelConfig config(String type, Boolean tied, String... architectures) {
    return new ModelConfig(Optional.of(type), List.of(architectures), Optional.ofNullable(tied));
  }

  @ParameterizedTest
  @CsvSource({
    "LLAMA, model., layers.0.self_attn.q_proj, layers.0.mlp.gate_proj",
    "QWEN3, model., layers.0.self_attn.q_norm, layers.0.self_attn.q_proj",
    "GEMMA, model., layers.0.pre_feedforward_layernorm, layers.0.self_attn.q_proj",
    "PHI3, model., layers.0.self_attn.qkv_proj, layers.0.mlp.gate_up_proj",
    "GPT2, transformer., h.0.attn.c_attn, h.0.mlp.c_proj",
    "GPT_NEOX, gpt_neox., layers.0.attention.query_key_value, layers.0.mlp.dense_h_to_4h",
    "OPT, model., decoder.layers.0.self_attn.q_proj, decoder.layers.0.fc1",
    "T5, '', encoder.block.0.layer.0.SelfAttention.q, decoder.block.0.layer.2.DenseReluDense.wi",
    "BERT, bert., encoder.layer.0.attention.self.query, encoder.layer.0.output.dense",
    "BERT, roberta., encoder.layer.0.attention.self.query, encoder.layer.0.output.dense",
    "BERT, distilbert., transformer.layer.0.attention.q_lin, transformer.layer.0.ffn.lin1"
  })
  void isKnownAndFoundWithAndWithoutItsLevel(Family family, String level, String a, String b) {
    for (String saved : List.of("", level)) {
      NameTable table = table(saved + a + ".weight", saved + b + ".weight");
      assertThat(table.family()).as(saved + a).isEqualTo(family);
      for (String path : List.of(a, b)) {
        for (String wrapper : List.of("", "base_model.model.")) {
          for (String adapted : List.of("", level)) {
            String name = wrapper + adapted + path;
            assertThat(table.find(name).map(Located::weight))
                .as(name)
                .contains(new Target("", saved + path + ".weight", null, false));
          }
        }
      }
      for (Located module : table.modules()) {
        assertThat(table.name(module, Dialect.PEFT)).isPresent();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "LLAMA, model.layers.0.self_attn.q_proj",
    "PHI3, model.layers.0.mlp.gate_up_proj",
    "GPT2, transformer.h.0.attn.c_attn",
    "GPT_NEOX, gpt_neox.layers.0.attention.query_key_value",
    "OPT, model.decoder.layers.0.self_attn.out_proj",
    "T5, encoder.block.0.layer.0.SelfAttention.q",
    "BERT, bert.encoder.layer.0.attention.self.query",
    "GENERIC, model.blocks.0.mixer.in_proj"
  })
  void adaptersAreToldByTheirNames(Family family, String module) {
    String name = "base_model.model." + module;
    assertThat(Families.guess(List.of(name), n -> Shape.SCALAR)).isEqualTo(family);
  }

  @Test
  void biasesOfTheQueryAloneAreQwens() {
    List<BaseTensor> base =
        new ArrayList<>(
            List.of(
                tensor("model.layers.0.self_attn.q_proj.weight", 4, 4),
                tensor("model.layers.0.self_attn.q_proj.bias", 4)));
    assertThat(NameTable.of(base).family()).isEqualTo(Family.QWEN2);
    base.add(tensor("model.layers.0.self_attn.o_proj.bias", 4));
    assertThat(NameTable.of(base).family()).isEqualTo(Family.LLAMA);
  }

  @ParameterizedTest
  @CsvSource({
    "llama, LLAMA",
    "mistral, MISTRAL",
    "qwen2, QWEN2",
    "qwen3, QWEN3",
    "gemma3_text, GEMMA",
    "phi3, PHI3",
    "something_new, LLAMA"
  })
  void theConfigTellsModelsOfTheSameNamesApart(String type, Family family) {
    List<BaseTensor> base = List.of(tensor("model.layers.0.self_attn.q_proj.weight", 4, 4));
    assertThat(NameTable.of(base, config(type, null)).family()).isEqualTo(family);
    assertThat(family.mayPassFor(Family.LLAMA)).isTrue();
    assertThat(family.mayPassFor(Family.GPT2)).isFalse();
  }

  @Test
  void encodersWithDecodersAreNoOpt() {
    assertThat(
            table(
                    "model.encoder.layers.0.self_attn.q_proj.weight",
                    "model.decoder.layers.0.self_attn.q_proj.weight",
                    "model.decoder.layers.0.fc1.weight")
                .family())
        .isEqualTo(Family.GENERIC);
  }

  @Test
  void languageModelsInsideLargerOnesAreFoundUnderTheirOwnNames() {
    NameTable table =
        table(
            "model.language_model.layers.0.self_attn.q_proj.weight",
            "model.visual.blocks.0.attn.qkv.weight");
    assertThat(table.family()).isEqualTo(Family.LLAMA);
    String tensor = "model.language_model.layers.0.self_attn.q_proj.weight";
    for (String name :
        List.of(
            "base_model.model.model.language_model.layers.0.self_attn.q_proj",
            "base_model.model.language_model.model.layers.0.self_attn.q_proj",
            "base_model.model.model.layers.0.self_attn.q_proj",
            "layers.0.self_attn.q_proj")) {
      assertThat(table.find(name).orElseThrow(() -> new AssertionError(name)).weight().tensor())
          .isEqualTo(tensor);
    }
  }

  @Test
  void theTextEncoderOfAPipelineIsNoLanguageModel() {
    assertThat(
            NameTable.of(
                    List.of(
                        part("transformer", "blocks.0.attn.weight", 8, 8),
                        part("text_encoder", "model.layers.0.self_attn.q_proj.weight", 8, 8)))
                .family())
        .isEqualTo(Family.GENERIC);
  }

  @ParameterizedTest
  @CsvSource({
    "model.embed_tokens.weight, llama, true, LlamaForCausalLM, true",
    "model.embed_tokens.weight, llama, false, LlamaForCausalLM, false",
    "model.embed_tokens.weight, llama, , LlamaForCausalLM, false",
    "model.embed_tokens.weight, gemma2, , Gemma2ForCausalLM, true",
    "model.embed_tokens.weight, llama, true, LlamaForSequenceClassification, false",
    "embed_tokens.weight, llama, true, LlamaModel, false",
    "transformer.wte.weight, gpt2, , GPT2LMHeadModel, true",
    "model.decoder.embed_tokens.weight, opt, , OPTForCausalLM, true"
  })
  void theConfigSaysWhetherTheHeadIsTheEmbeddings(
      String embeddings, String type, Boolean tied, String architecture, boolean expected) {
    List<BaseTensor> base = List.of(tensor(embeddings, 8, 4));
    NameTable table = NameTable.of(base, config(type, tied, architecture));
    List<Tie> none = List.of();
    List<Tie> tie = List.of(new Tie(base.getFirst(), "lm_head.weight", false, true));
    assertThat(table.ties()).isEqualTo(expected ? tie : none);
    assertThat(table.tie("base_model.model.lm_head").isPresent()).isEqualTo(expected);
    assertThat(table.tie("base_model.model.model.norm")).isEmpty();
  }

  @Test
  void aFileWithoutAConfigIsTiedIfNothingElseCanBeTheHead() {
    String query = "model.layers.0.self_attn.q_proj.weight";
    assertThat(table("model.embed_tokens.weight", query).ties()).hasSize(1);
    assertThat(table("model.embed_tokens.weight", query, "lm_head.weight").ties()).isEmpty();
    assertThat(table("model.embed_tokens.weight", query, "score.weight").ties()).isEmpty();
    assertThat(table("embed_tokens.weight", "layers.0.self_attn.q_proj.weight").ties()).isEmpty();
  }

  @Test
  void namesWithoutTheHeadsLevelCannotBeUntied() {
    NameTable table =
        NameTable.of(List.of(tensor("wte.weight", 8, 4)), config("gpt2", null, "GPT2LMHeadModel"));
    assertThat(table.ties()).singleElement().matches(tie -> !tie.separable());
  }

  @Test
  void theEmbeddingsOfT5HaveUpToFourNames() {
    NameTable encoder = table("shared.weight", "encoder.block.0.layer.0.SelfAttention.q.weight");
    assertThat(encoder.ties())
        .extracting(Tie::alias)
        .containsExactly("encoder.embed_tokens.weight");
    NameTable both =
        table(
            "shared.weight",
            "encoder.block.0.layer.0.SelfAttention.q.weight",
            "decoder.block.0.layer.0.SelfAttention.q.weight");
    assertThat(both.ties())
        .extracting(Tie::alias)
        .containsExactly(
            "encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight");
    assertThat(both.ties()).noneMatch(Tie::separable);
  }
}
