package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.convention.Profiles;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.Shards;

/// Words' embeddings that the head multiplies with again: a change of one never reaches the other.
class UntyingTest {
  private static final String EMBEDDINGS = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";
  private static final String QUERY = "model.layers.0.self_attn.q_proj.weight";

  @TempDir Path folder;
  private Path model;

  @BeforeEach
  void model() throws IOException {
    model = Files.createDirectories(folder.resolve("model"));
    config("\"architectures\": [\"LlamaForCausalLM\"], \"tie_word_embeddings\": true");
    write(model.resolve("model.safetensors"), EMBEDDINGS, QUERY);
  }

  private void config(String says) throws IOException {
    Files.writeString(
        model.resolve("config.json"),
        "{\"model_type\": \"llama\", " + says + ", \"rms_norm_eps\": 1e-05}");
  }

  private static void write(Path file, String... names) throws IOException {
    Values values = new Values();
    for (String name : names) {
      double[] all = new double[12];
      Arrays.setAll(all, i -> i + 1);
      values.add(name, DType.F16, Shape.of(4, 3), all);
    }
    values.write(file);
  }

  /// An adapter that adds 1 everywhere in the named modules.
  private Path adapter(String... modules) throws IOException {
    Values values = new Values();
    for (String module : modules) {
      double[] up = new double[4];
      double[] down = new double[3];
      Arrays.fill(up, 1);
      Arrays.fill(down, 1);
      String name = "base_model.model." + module;
      values.add(name + ".lora_down.weight", DType.F32, Shape.of(1, 3), down);
      values.add(name + ".lora_up.weight", DType.F32, Shape.of(4, 1), up);
    }
    Path file = folder.resolve("adapter.safetensors");
    values.write(file);
    return file;
  }

  private Path bake(Path base, Path adapter, String output, Optional<DType> dtype)
      throws IOException {
    Path out = folder.resolve(output);
    Bakes.bake(base, List.of(adapter), List.of(1.0), Profiles.EXACT, dtype, false, 1, out);
    return out;
  }

  private static double first(Map<String, double[]> tensors, String name) {
    return tensors.get(name)[0];
  }

  @ParameterizedTest
  @CsvSource({"lm_head, 1, 2", "model.embed_tokens, 2, 1"})
  void eachNameGetsATensorOfItsOwn(String module, double embeddings, double head)
      throws IOException {
    Path out =
        bake(model, adapter(module, "model.layers.0.self_attn.q_proj"), "out", Optional.empty());
    Map<String, double[]> tensors = Values.read(out);
    assertThat(tensors.keySet()).containsExactlyInAnyOrder(EMBEDDINGS, HEAD, QUERY);
    assertThat(first(tensors, EMBEDDINGS)).isEqualTo(embeddings);
    assertThat(first(tensors, HEAD)).isEqualTo(head);
    assertThat(first(tensors, QUERY)).isEqualTo(2);
    assertThat(Files.readString(out.resolve("config.json")))
        .contains("\"tie_word_embeddings\": false")
        .contains("\"rms_norm_eps\": 1e-05");
  }

  @Test
  void bothNamesChangeByThemselves() throws IOException {
    Path out = bake(model, adapter("lm_head", "model.embed_tokens"), "out", Optional.of(DType.F32));
    Map<String, double[]> tensors = Values.read(out);
    assertThat(first(tensors, EMBEDDINGS)).isEqualTo(2);
    assertThat(first(tensors, HEAD)).isEqualTo(2);
  }

  @Test
  void anAdapterThatTouchesNeitherLeavesThemTied() throws IOException {
    Path out = bake(model, adapter("model.layers.0.self_attn.q_proj"), "out", Optional.empty());
    assertThat(Values.read(out)).doesNotContainKey(HEAD);
    assertThat(out.resolve("config.json")).hasSameBinaryContentAs(model.resolve("config.json"));
  }

  @Test
  void theIndexOfShardsListsTheNewTensor() throws IOException {
    Files.delete(model.resolve("model.safetensors"));
    String one = "model-00001-of-00002.safetensors";
    String two = "model-00002-of-00002.safetensors";
    write(model.resolve(one), EMBEDDINGS);
    write(model.resolve(two), QUERY);
    Files.writeString(
        model.resolve("model.safetensors.index.json"),
        Shards.index(Map.of(EMBEDDINGS, one, QUERY, two), 48));
    Path out = bake(model, adapter("lm_head"), "out", Optional.empty());
    assertThat(Files.readString(out.resolve("model.safetensors.index.json")))
        .contains("\"lm_head.weight\": \"" + one + "\"")
        .contains("\"total_size\": 72");
    assertThat(first(Values.read(out), HEAD)).isEqualTo(2);
  }

  @Test
  void aSecondCopyOfTheNumbersIsTakenForWhatItsNameSays() throws IOException {
    write(model.resolve("model.safetensors"), EMBEDDINGS, HEAD, QUERY);
    Path out = bake(model, adapter("lm_head"), "out", Optional.empty());
    Map<String, double[]> tensors = Values.read(out);
    assertThat(first(tensors, EMBEDDINGS)).isEqualTo(1);
    assertThat(first(tensors, HEAD)).isEqualTo(2);
    assertThat(Files.readString(out.resolve("config.json")))
        .contains("\"tie_word_embeddings\": false");
  }

  @Test
  void untiedModelsAreLeftAsTheyAre() throws IOException {
    config("\"tie_word_embeddings\": false");
    write(model.resolve("model.safetensors"), EMBEDDINGS, HEAD);
    Path out = bake(model, adapter("model.embed_tokens"), "out", Optional.empty());
    assertThat(first(Values.read(out), HEAD)).isEqualTo(1);
    assertThat(out.resolve("config.json")).hasSameBinaryContentAs(model.resolve("config.json"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"lm_head", "model.embed_tokens"})
  void aFileWithoutItsFolderIsRefusedNamingBoth(String module) throws IOException {
    Path file = model.resolve("model.safetensors");
    Path adapter = adapter(module);
    assertThatExceptionOfType(BakeException.class)
        .isThrownBy(() -> bake(file, adapter, "out.safetensors", Optional.empty()))
        .withMessageContaining(EMBEDDINGS)
        .withMessageContaining(HEAD)
        .withMessageContaining("config.json");
  }

  @Test
  void anOutputWithoutAConfigIsRefusedNamingBoth() throws IOException {
    Path adapter = adapter("lm_head");
    assertThatExceptionOfType(BakeException.class)
        .isThrownBy(() -> bake(model, adapter, "out.safetensors", Optional.empty()))
        .withMessageContaining(EMBEDDINGS)
        .withMessageContaining(HEAD)
        .withMessageContaining("name a folder");
  }

  @Test
  void theEmbeddingsOfT5AreOneModuleUnderThreeNames() throws IOException {
    Files.writeString(model.resolve("config.json"), "{\"model_type\": \"t5\"}");
    write(
        model.resolve("model.safetensors"),
        "shared.weight",
        "encoder.block.0.layer.0.SelfAttention.q.weight",
        "decoder.block.0.layer.0.SelfAttention.q.weight");
    for (String module : List.of("shared", "encoder.embed_tokens", "lm_head")) {
      Path adapter = adapter(module);
      assertThatExceptionOfType(BakeException.class)
          .isThrownBy(() -> bake(model, adapter, "out", Optional.empty()))
          .withMessageContaining("shared.weight")
          .withMessageContaining("encoder.embed_tokens.weight")
          .withMessageContaining("leave them out");
    }
  }
}
