package radiata.cli.demo;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

  /// `first` and the `count` tokens that the model finds most likely after it, one after the other.
  ///
  /// @throws IllegalArgumentException if that is more than the model has positions for, or `first`
  ///   is no token
  public List<Integer> greedy(int first, int count) {
    LlamaRun run = new LlamaRun(this, count);
    List<Integer> tokens = new ArrayList<>(List.of(first));
    for (int i = 0; i < count; i++) {
      tokens.add(LlamaKernels.largest(run.next(tokens.getLast())));
    }
    return List.copyOf(tokens);
  }
}
