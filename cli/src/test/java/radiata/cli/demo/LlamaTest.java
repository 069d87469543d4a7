package radiata.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Widen;

class LlamaTest {
  private static final Path TESTDATA = Path.of(System.getProperty("radiata.testdata"));
  private static final Path STORIES = TESTDATA.resolve("real/models/stories260K");
  private static final Path PACK = TESTDATA.resolve("golden/train/stories-dora");

  @TempDir Path folder;

  @Test
  void writesTheStoryThatTheReferenceWrites() throws IOException {
    List<Integer> tokens = Llama.read(STORIES).greedy(List.of(StoryTokens.BEGIN), 201);

    assertThat(tokens)
        .isEqualTo(
            published().getAsJsonArray("greedy_token_ids").asList().stream()
                .map(JsonElement::getAsInt)
                .toList());
  }

  @Test
  void spellsTheStoryAsPublished() throws IOException {
    List<Integer> tokens = Llama.read(STORIES).greedy(List.of(StoryTokens.BEGIN), 201);

    assertThat(StoryTokens.read(STORIES.resolve("vocab.json")).text(tokens))
        .isEqualTo(published().get("text").getAsString());
  }

  private static JsonObject published() throws IOException {
    return JsonParser.parseString(Files.readString(STORIES.resolve("expected_greedy.json")))
        .getAsJsonObject();
  }

  /// The adapter's up factors are 0 before the first step, so the untrained model is the base.
  @ParameterizedTest
  @CsvSource({"base, logits_first", "merged, logits_final"})
  void computesTheLogitsOfTheReference(String model, String recorded) throws IOException {
    try (SafetensorsFile inputs = SafetensorsFile.open(PACK.resolve("inputs.safetensors"));
        SafetensorsFile expected = SafetensorsFile.open(PACK.resolve("expected.safetensors"))) {
      Llama llama = Llama.read(PACK.resolve(model));
      TensorInfo ids = inputs.tensor("step.1.input_ids").orElseThrow();
      int length = (int) ids.shape().dim(1);
      long[] row = new long[length];
      inputs.read(ids, 0, MemorySegment.ofArray(row));
      double[] logits = numbers(expected, recorded);
      assertThat(logits).hasSize(length * llama.vocabulary());

      LlamaRun run = new LlamaRun(llama, length);
      for (int position = 0; position < length; position++) {
        float[] next = run.next((int) row[position]);
        for (int token = 0; token < next.length; token++) {
          assertThat((double) next[token])
              .isCloseTo(logits[position * next.length + token], offset(2e-4));
        }
      }
    }
  }

  private static double[] numbers(SafetensorsFile file, String name) throws IOException {
    TensorInfo tensor = file.tensor(name).orElseThrow();
    byte[] bytes = new byte[(int) tensor.bytes()];
    file.read(tensor, 0, MemorySegment.ofArray(bytes));
    double[] numbers = new double[(int) tensor.shape().elements()];
    Widen.toDoubles(MemorySegment.ofArray(bytes), 0, tensor.dtype(), numbers, 0, numbers.length);
    return numbers;
  }

  @Test
  void writesOtherTextOnceTheAdapterIsMerged() throws IOException {
    List<Integer> before = Llama.read(PACK.resolve("base")).greedy(List.of(StoryTokens.BEGIN), 100);
    List<Integer> after =
        Llama.read(PACK.resolve("merged")).greedy(List.of(StoryTokens.BEGIN), 100);

    assertThat(after).isNotEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"base", "merged"})
  void isAsSurprisedAsTheReferenceMeasured(String model) throws IOException {
    StoryRecord record = StoryRecord.read(new DemoMaterial(TESTDATA));

    assertThat(Llama.read(PACK.resolve(model)).crossEntropy(record.texts()))
        .isCloseTo(model.equals("base") ? record.before() : record.after(), offset(1e-5));
  }

  @Test
  void drawsTheSameTokensForTheSameSeedAndTheLikeliestWhenCold() throws IOException {
    Llama llama = Llama.read(STORIES);
    List<Integer> prompt = List.of(StoryTokens.BEGIN, 403);

    assertThat(llama.sample(prompt, 40, 0.8, 1)).isEqualTo(llama.sample(prompt, 40, 0.8, 1));
    assertThat(llama.sample(prompt, 40, 0.8, 1)).isNotEqualTo(llama.sample(prompt, 40, 0.8, 2));
    assertThat(llama.sample(prompt, 40, 1e-4, 1)).isEqualTo(llama.greedy(prompt, 40));
  }

  @Test
  void refusesAnEmptyPrompt() throws IOException {
    Llama llama = Llama.read(STORIES);

    assertThatThrownBy(() -> llama.greedy(List.of(), 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void refusesMoreTokensThanPositions() throws IOException {
    Llama llama = Llama.read(STORIES);

    assertThatThrownBy(() -> llama.greedy(List.of(StoryTokens.BEGIN), 513))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("513 tokens; the model has positions for 512");
    assertThatThrownBy(() -> llama.greedy(List.of(512), 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("token 512 of 512");
    assertThatThrownBy(() -> llama.crossEntropy(List.of(List.of(1, -1))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("token -1 of 512");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{\"hidden_size\": 64}",
        "{\"hidden_size\": {}, \"num_attention_heads\": 8}",
        "{\"hidden_size\": -1, \"num_attention_heads\": 8}"
      })
  void refusesABrokenConfiguration(String config) throws IOException {
    Files.copy(STORIES.resolve("model.safetensors"), folder.resolve("model.safetensors"));
    Files.writeString(folder.resolve("config.json"), config);

    assertThatThrownBy(() -> Llama.read(folder))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("not the configuration of a Llama-type model");
  }

  @Test
  void namesATensorOfAnotherShape() throws IOException {
    Files.copy(STORIES.resolve("model.safetensors"), folder.resolve("model.safetensors"));
    Files.writeString(
        folder.resolve("config.json"),
        Files.readString(STORIES.resolve("config.json"))
            .replace("\"intermediate_size\": 172", "\"intermediate_size\": 170"));

    assertThatThrownBy(() -> Llama.read(folder))
        .isInstanceOf(SafetensorsException.class)
        .hasMessage(
            "tensor model.layers.0.mlp.gate_proj.weight: shape [172, 64], expected [170, 64]");
  }

  @Test
  void namesATensorThatIsMissing() throws IOException {
    Files.copy(STORIES.resolve("model.safetensors"), folder.resolve("model.safetensors"));
    Files.writeString(
        folder.resolve("config.json"),
        Files.readString(STORIES.resolve("config.json"))
            .replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"));

    assertThatThrownBy(() -> Llama.read(folder))
        .isInstanceOf(SafetensorsException.class)
        .hasMessage("tensor lm_head.weight: missing; a tensor of shape [512, 64] was expected");
  }

  @Test
  void readsBytesMarksAndTheFirstSpace() throws IOException {
    StoryTokens tokens = StoryTokens.read(STORIES.resolve("vocab.json"));

    assertThat(tokens.size()).isEqualTo(512);
    // 3 + byte; é is C3 A9.
    assertThat(tokens.text(new ArrayList<>(List.of(1, 403, 3 + 0xC3, 3 + 0xA9, 13, 261, 2))))
        .isEqualTo("Onceé\n a");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "{}", "{\"tokens\": [{\"id\": 1, \"piece\": \"a\"}]}", "{\"tokens\": 1}"})
  void refusesABrokenVocabulary(String text) throws IOException {
    Path file = Files.writeString(folder.resolve("vocab.json"), text);

    assertThatThrownBy(() -> StoryTokens.read(file))
        .isInstanceOf(FileSystemException.class)
        .hasMessageContaining("not a list of tokens");
  }
}
