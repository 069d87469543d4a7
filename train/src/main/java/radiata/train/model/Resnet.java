package radiata.train.model;

import org.jspecify.annotations.Nullable;
import radiata.train.engine.Tensor;
import radiata.train.nn.Layers;
import radiata.train.nn.Norm;
import radiata.train.nn.Projection;

/// Two convolutions and a way round them (diffusers `ResnetBlock2D`).
///
/// @param time what takes in the embedding of the timestep; null in an autoencoder
/// @param shortcut a 1x1 kernel where the number of channels changes
record Resnet(
    Norm norm1,
    Projection conv1,
    @Nullable Projection time,
    Norm norm2,
    Projection conv2,
    @Nullable Projection shortcut,
    int groups) {
  static Resnet at(Layers layers, String path, int groups, double epsilon) {
    return new Resnet(
        layers.norm(path + ".norm1", epsilon),
        layers.convolution(path + ".conv1", 1, 1),
        layers.has(path + ".time_emb_proj") ? layers.linear(path + ".time_emb_proj") : null,
        layers.norm(path + ".norm2", epsilon),
        layers.convolution(path + ".conv2", 1, 1),
        layers.has(path + ".conv_shortcut")
            ? layers.convolution(path + ".conv_shortcut", 1, 0)
            : null,
        groups);
  }

  /// @param x `[batch, channels, height, width]`
  /// @param embedding `[batch, width]`; null in an autoencoder
  Tensor apply(Tensor x, @Nullable Tensor embedding) {
    Tensor h = conv1.apply(norm1.groups(x, groups).silu());
    if (time != null && embedding != null) {
      Tensor added = time.apply(embedding.silu());
      h = h.plus(added.reshape(added.size(0), added.size(1), 1, 1));
    }
    h = conv2.apply(norm2.groups(h, groups).silu());
    return (shortcut == null ? x : shortcut.apply(x)).plus(h);
  }
}
