package radiata.train.model;

import java.util.ArrayList;
import java.util.List;
import radiata.train.engine.Tensor;
import radiata.train.nn.Layers;
import radiata.train.nn.Norm;
import radiata.train.nn.Projection;

/// Transformer blocks over the places of an image (diffusers `Transformer2DModel`).
///
/// @param in a 1x1 kernel before the places are put in a row, or a linear layer after it
record ImageTransformer(Norm norm, Projection in, List<Block> blocks, Projection out, int groups) {
  private static final double GROUPS = 1e-6;
  private static final double LAYERS = 1e-5;

  /// Attention to itself, to the text, and a gated layer (diffusers `BasicTransformerBlock`).
  record Block(
      Norm norm1,
      CrossAttention itself,
      Norm norm2,
      CrossAttention text,
      Norm norm3,
      Projection wide,
      Projection narrow) {
    static Block at(Layers layers, String path, int heads, boolean upcast) {
      return new Block(
          layers.norm(path + ".norm1", LAYERS),
          CrossAttention.at(layers, path + ".attn1", heads, upcast),
          layers.norm(path + ".norm2", LAYERS),
          CrossAttention.at(layers, path + ".attn2", heads, upcast),
          layers.norm(path + ".norm3", LAYERS),
          layers.linear(path + ".ff.net.0.proj"),
          layers.linear(path + ".ff.net.2"));
    }

    Tensor apply(Tensor x, Tensor context) {
      Tensor normed = norm1.layer(x);
      Tensor seen = x.plus(itself.apply(normed, normed));
      Tensor read = seen.plus(text.apply(norm2.layer(seen), context));
      return read.plus(narrow.apply(wide.apply(norm3.layer(read)).geglu()));
    }
  }

  static ImageTransformer at(
      Layers layers, String path, UnetConfig.Attention attention, UnetConfig config) {
    List<Block> blocks = new ArrayList<>();
    Norm norm = layers.norm(path + ".norm", GROUPS);
    Projection in = projection(layers, path + ".proj_in", config.linear());
    for (int i = 0; i < attention.depth(); i++) {
      String block = path + ".transformer_blocks." + i;
      blocks.add(Block.at(layers, block, attention.heads(), config.upcast()));
    }
    Projection out = projection(layers, path + ".proj_out", config.linear());
    return new ImageTransformer(norm, in, List.copyOf(blocks), out, config.groups());
  }

  private static Projection projection(Layers layers, String path, boolean linear) {
    return linear ? layers.linear(path) : layers.convolution(path, 1, 0);
  }

  /// @param x `[batch, channels, height, width]`
  /// @param context `[batch, tokens, width of texts]`
  Tensor apply(Tensor x, Tensor context) {
    long height = x.size(2);
    long width = x.size(3);
    Tensor h = norm.groups(x, groups);
    h = in.isConvolution() ? places(in.apply(h)) : in.apply(places(h));
    for (Block block : blocks) {
      h = block.apply(h, context);
    }
    h =
        out.isConvolution()
            ? out.apply(image(h, height, width))
            : image(out.apply(h), height, width);
    return h.plus(x);
  }

  private static Tensor places(Tensor x) {
    return x.permute(0, 2, 3, 1).reshape(x.size(0), x.size(2) * x.size(3), x.size(1));
  }

  private static Tensor image(Tensor x, long height, long width) {
    return x.reshape(x.size(0), height, width, x.size(2)).permute(0, 3, 1, 2).contiguous();
  }
}
