package radiata.train.model;

import radiata.train.engine.Tensor;
import radiata.train.nn.Layers;
import radiata.train.nn.Projection;

/// Two linear layers with a SiLU between them, which make of a sinusoid what resnets receive
/// (diffusers `TimestepEmbedding`).
record Embedding(Projection first, Projection second) {
  static Embedding at(Layers layers, String path) {
    return new Embedding(layers.linear(path + ".linear_1"), layers.linear(path + ".linear_2"));
  }

  Tensor apply(Tensor x) {
    return second.apply(first.apply(x).silu());
  }
}
