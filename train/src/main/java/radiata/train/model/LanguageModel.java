package radiata.train.model;

import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.nn.Layers;

/// A causal language model.
public sealed interface LanguageModel permits Llama, Gpt2 {
  /// What comes next, for every token: `[batch, tokens, vocabulary]`.
  ///
  /// @param ids `[batch, tokens]`
  Tensor logits(Tensor ids, Segments segments);

  Layers layers();

  LanguageConfig config();

  static LanguageModel of(Layers layers, LanguageConfig config) {
    return config.type().equals("gpt2") ? new Gpt2(layers, config) : new Llama(layers, config);
  }
}
