package radiata.cli.demo;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToIntFunction;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;

/// A small Llama-type language model in memory, and what it writes: RMS norms, rotary positions,
/// grouped heads of keys and values, SwiGLU. Plain Java in float32, meant for models of some
/// hundred thousand parameters.
public final class Llama {
  final LlamaConfig config;

  /// `[vocabulary, hidden]`.
  final float[] embedding;

  final List<LlamaLayer> layers;

  /// `[hidden]`.
  final float[] norm;

  /// `[vocabulary, hidden]`; the embedding itself where the two are tied.
  final float[] output;

  private Llama(LlamaConfig config, Weights weights) throws IOException {
    this.config = config;
    this.embedding =
        weights.read("model.embed_tokens.weight", config.vocabulary(), config.hidden());
    this.layers = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      layers.add(LlamaLayer.read(weights, config, layer));
    }
    this.norm = weights.read("model.norm.weight", config.hidden());
    this.output =
        config.tied()
            ? embedding
            : weights.read("lm_head.weight", config.vocabulary(), config.hidden());
  }

  /// Reads a Hugging Face folder: `config.json` and weights under Hugging Face's names.
  ///
  /// @throws FileSystemException if `config.json` is missing or describes no Llama-type model
  /// @throws radiata.safetensors.SafetensorsException if a tensor is missing or has another shape
  public static Llama read(Path folder) throws IOException {
    Path file = folder.resolve("config.json");
    try (Checkpoint model = Checkpoint.open(folder, Limits.DEFAULT)) {
      String text =
          model
              .config("")
              .orElseThrow(() -> new FileSystemException(file.toString(), null, "missing"));
      return new Llama(LlamaConfig.parse(file, text), new Weights(model));
    }
  }

  public int vocabulary() {
    return config.vocabulary();
  }

  /// `prompt` and the tokens that follow it, each the one that the model finds most likely.
  ///
  /// @param length of the whole, prompt included
  /// @throws IllegalArgumentException if `length` is more than the model has positions for, the
  ///   prompt is empty, or one of it is no token
  public List<Integer> greedy(List<Integer> prompt, int length) {
    return write(prompt, length, LlamaKernels::largest);
  }

  /// `prompt` and tokens drawn after it, each as often as the model expects it.
  ///
  /// @param temperature above 0: below 1 the likely tokens become likelier
  /// @throws IllegalArgumentException as [#greedy] does
  public List<Integer> sample(List<Integer> prompt, int length, double temperature, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return write(
        prompt,
        length,
        logits -> {
          for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (logits[i] / temperature);
          }
          LlamaKernels.softmax(logits, logits.length);
          return LlamaKernels.pick(logits, random.nextDouble());
        });
  }

  private List<Integer> write(List<Integer> prompt, int length, ToIntFunction<float[]> choose) {
    if (prompt.isEmpty()) {
      throw new IllegalArgumentException("an empty prompt");
    }
    LlamaRun run = new LlamaRun(this, length);
    List<Integer> tokens = new ArrayList<>(prompt);
    for (int i = 0; tokens.size() < length; i++) {
      float[] logits = run.next(tokens.get(i));
      if (i == tokens.size() - 1) {
        tokens.add(choose.applyAsInt(logits));
      }
    }
    return List.copyOf(tokens);
  }

  /// How surprised the model is by texts: the mean of -ln p over all their tokens but the first of
  /// each.
  ///
  /// @throws IllegalArgumentException if a text is longer than the model has positions for, or
  ///   holds what is no token
  public double crossEntropy(List<List<Integer>> texts) {
    double sum = 0;
    int count = 0;
    for (List<Integer> text : texts) {
      LlamaRun run = new LlamaRun(this, text.size());
      for (int i = 0; i + 1 < text.size(); i++) {
        float[] chances = run.next(text.get(i));
        LlamaKernels.softmax(chances, chances.length);
        sum -= Math.log(chances[config.token(text.get(i + 1))]);
        count++;
      }
    }
    return sum / count;
  }
}
