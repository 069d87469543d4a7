package radiata.train.nn;

import radiata.train.engine.Tensor;

/// The weight and bias of a norm, and what is added to its variance.
public record Norm(Tensor weight, Tensor bias, double epsilon) {
  /// Over the last dimension.
  public Tensor layer(Tensor x) {
    return x.layerNorm(weight.cast(x.dtype()), bias.cast(x.dtype()), epsilon);
  }

  /// Over groups of channels.
  public Tensor groups(Tensor x, int groups) {
    return x.groupNorm(groups, weight.cast(x.dtype()), bias.cast(x.dtype()), epsilon);
  }
}
