package radiata.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.train.engine.Device;
import radiata.train.engine.Gradients;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.nn.Layers;
import radiata.train.nn.NetworkException;
import radiata.train.nn.TensorReader;
import radiata.train.nn.Weights;

/// Every small model whose outputs transformers recorded. What lies in the folder is tested.
final class LanguageModelTest {
  private static final Path MODELS =
      Path.of(System.getProperty("radiata.testdata"), "golden/language");

  // Of the largest number of a record. Logits are within 1e-6 of it, gradients within 3e-6.
  private static final double NEAR = 1.5e-5;
  private static final double NEAR_IN_DOUBLE = 1e-13;
  private static final String GRADIENT = "grad.";

  private final Torch torch = Torch.on(Device.CPU);

  static List<Path> models() throws IOException {
    try (Stream<Path> folders = Files.list(MODELS)) {
      return folders.filter(Files::isDirectory).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void logitsLossAndGradientsAreThoseOfTransformers(Path model) throws IOException {
    Map<String, Double> deviations = deviations(model, config(model), DType.F32);
    assertThat(deviations).containsKeys("logits", "loss").hasSizeGreaterThan(3);
    assertThat(deviations).allSatisfy((name, apart) -> assertThat(apart).as(name).isLessThan(NEAR));
  }

  static Stream<Path> modelsInDouble() throws IOException {
    return models().stream()
        .filter(model -> {
          try (TensorFile record = record(model)) {
            return record.tensor("logits64").isPresent();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /// Apart from rounding it is the same function.
  @ParameterizedTest
  @MethodSource("modelsInDouble")
  void logitsInDoubleAreThoseOfTransformers(Path model) throws IOException {
    assertThat(deviations(model, config(model), DType.F64).get("logits64"))
        .isLessThan(NEAR_IN_DOUBLE);
  }

  /// Each member of a config that a model here is meant to test is felt in its logits.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          gpt2         | "layer_norm_epsilon": 1e-05 | "layer_norm_epsilon": 1e-02
          llama-linear | "rms_norm_eps": 0.001       | "rms_norm_eps": 0.01
          llama-linear | "factor": 2.5               | "factor": 2.0
          llama-linear | "rope_type": "linear"       | "rope_type": "default"
          llama-scaled | "factor": 4.0               | "factor": 3.0
          llama-scaled | "low_freq_factor": 1.0      | "low_freq_factor": 2.0
          llama-scaled | "high_freq_factor": 4.0     | "high_freq_factor": 6.0
          mistral      | "sliding_window": 4         | "sliding_window": 5
          mistral      | "sliding_window": 4         | "sliding_window": null
          qwen2-window | "sliding_window": 4         | "sliding_window": 5
          qwen2-window | "full_attention"            | "sliding_attention"
          qwen2-window | "use_sliding_window": true  | "use_sliding_window": false
          qwen3        | "rope_theta": 10000.0       | "rope_theta": 1000.0
          """)
  void anotherConfigIsFarFromTheRecord(String name, String from, String to) throws IOException {
    Path model = MODELS.resolve(name);
    assertThat(config(model)).contains(from);
    String edited = config(model).replace(from, to);
    assertThat(deviations(model, edited, DType.F32).get("logits")).isGreaterThan(100 * NEAR);
  }

  /// Older configs say how many layers see the whole text, and do not name the kind of each.
  @ParameterizedTest
  @CsvSource({
    "qwen2, '[OptionalInt.empty, OptionalInt[8]]'",
    "mistral, '[OptionalInt[8], OptionalInt[8]]'",
    "llama, '[OptionalInt.empty, OptionalInt.empty]'"
  })
  void aConfigWithoutKindsOfLayersHasTheWindowsOfItsType(String type, String windows) {
    String text =
        """
        {"model_type": "%s", "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 2, "vocab_size": 9,
         "use_sliding_window": true, "sliding_window": 8, "max_window_layers": 1}
        """
            .formatted(type);
    assertThat(LanguageConfig.parse(text, "config.json").windows()).hasToString(windows);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"model_type": "gemma"}                                             | type "gemma" are not trained
          {"hidden_size": 8}                                                  | type "" are not trained
          {"model_type": "llama"}                                             | has no hidden_size
          {"model_type": "llama", "hidden_act": "relu"}                       | hidden_act is "relu"; of these networks only those with "silu"
          {"model_type": "llama", "hidden_size": "wide"}                      | hidden_size is "wide", expected a whole number
          {"model_type": "gpt2", "activation_function": "relu"}               | activation_function is "relu"; of these
          {"model_type": "gpt2", "n_embd": 8}                                 | has no n_head
          {"model_type": "gpt2", "scale_attn_weights": false}                 | scale_attn_weights is false
          {"model_type": "gpt2", "scale_attn_by_inverse_layer_idx": true}     | scale_attn_by_inverse_layer_idx is true
          {"model_type": "gpt2", "tie_word_embeddings": false}                | tie_word_embeddings is false
          []                                                                  | is not a JSON object
          """)
  void whatIsNotBuiltIsRefusedByItsMember(String text, String message) {
    assertThatThrownBy(() -> LanguageConfig.parse(text, "config.json"))
        .isInstanceOf(NetworkException.class)
        .hasMessageStartingWith("config.json")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          "rope_scaling": {"type": "dynamic", "factor": 2}                         | rope scaling "dynamic" is not built
          "rope_parameters": {"rope_type": "yarn", "factor": 2}                    | rope scaling "yarn" is not built
          "layer_types": "full_attention", "use_sliding_window": true, "sliding_window": 8 | layer_types is "full_attention", expected a list of texts
          "layer_types": [], "use_sliding_window": true, "sliding_window": 8 | layer_types has 0 entries for 1 layers
          "layer_types": ["chunked_attention"], "use_sliding_window": true, "sliding_window": 8 | layer_types "chunked_attention" is not built
          """)
  void aLayerOrARopeThatIsNotBuiltIsRefused(String members, String message) {
    String text =
        """
        {"model_type": "qwen2", "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1, "vocab_size": 9, %s}
        """
            .formatted(members);
    assertThatThrownBy(() -> LanguageConfig.parse(text, "config.json"))
        .isInstanceOf(NetworkException.class)
        .hasMessageStartingWith("config.json")
        .hasMessageContaining(message);
  }

  private static String config(Path model) throws IOException {
    return Files.readString(model.resolve("config.json"));
  }

  private static TensorFile record(Path model) throws IOException {
    return TensorFile.open(model.resolve("record.safetensors"), Limits.DEFAULT);
  }

  /// How far each tensor of the record is, as a part of its largest number.
  private Map<String, Double> deviations(Path model, String config, DType dtype)
      throws IOException {
    try (Checkpoint checkpoint =
            Checkpoint.open(model.resolve("model.safetensors"), Limits.DEFAULT);
        TensorFile file = record(model);
        Weights weights = new Weights(torch, Weights.places(checkpoint, "", ""), dtype);
        Scope _ = Scope.open();
        Gradients.Pause _ = Gradients.record()) {
      TensorReader record = new TensorReader(torch, file);
      Map<String, Tensor> trained = new TreeMap<>();
      LanguageModel built =
          LanguageModel.of(
              new Layers(weights, trained), LanguageConfig.parse(config, "config.json"));
      Tensor ids = record.read("input_ids");
      Tensor logits = built.logits(ids, Segments.PLAIN);
      long tokens = ids.size(1);
      Tensor loss =
          logits
              .slice(1, 0, tokens - 1)
              .reshape(-1, logits.size(2))
              .crossEntropy(ids.slice(1, 1, tokens).reshape(-1))
              .times(1.0 / (ids.size(0) * (tokens - 1)));
      loss.backward();
      Map<String, Double> deviations = new TreeMap<>();
      for (TensorInfo info : file.tensors()) {
        String name = info.name();
        if (name.equals("input_ids")) {
          continue;
        }
        Tensor found =
            name.equals("loss")
                ? loss
                : name.startsWith(GRADIENT)
                    ? trained.get(name.substring(GRADIENT.length())).gradient().orElseThrow()
                    : logits;
        deviations.put(name, apart(found, record.read(info)));
      }
      return deviations;
    }
  }

  private static double apart(Tensor found, Tensor record) {
    assertThat(found.shape()).isEqualTo(record.shape());
    double[] is = found.detached().cast(DType.F64).doubles();
    double[] was = record.cast(DType.F64).doubles();
    double most = 0;
    double largest = 0;
    for (int i = 0; i < is.length; i++) {
      // A number that is none is as far as can be.
      most =
          Double.isNaN(is[i]) ? Double.POSITIVE_INFINITY : Math.max(most, Math.abs(is[i] - was[i]));
      largest = Math.max(largest, Math.abs(was[i]));
    }
    return most / largest;
  }
}
