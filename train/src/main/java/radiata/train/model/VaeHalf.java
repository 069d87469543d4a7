package radiata.train.model;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.nn.Layers;
import radiata.train.nn.Norm;
import radiata.train.nn.Projection;

/// The encoder or the decoder of an autoencoder (diffusers `vae.py`). They have the same parts; the
/// middle comes last in one and first in the other.
final class VaeHalf {
  private static final double EPSILON = 1e-6;

  /// @param sampler the convolution after the size has changed; null in the last block
  private record Block(List<Resnet> resnets, @Nullable Projection sampler) {}

  /// Attention among places, in one head.
  private record Attention(
      Norm norm, Projection query, Projection key, Projection value, Projection out, int groups) {
    Tensor apply(Tensor x) {
      long height = x.size(2);
      long width = x.size(3);
      Tensor places =
          norm.groups(x, groups)
              .permute(0, 2, 3, 1)
              .reshape(x.size(0), 1, height * width, x.size(1));
      Tensor seen = query.apply(places).attend(key.apply(places), value.apply(places), false);
      return out.apply(seen)
          .reshape(x.size(0), height, width, x.size(1))
          .permute(0, 3, 1, 2)
          .plus(x);
    }
  }

  private final boolean encoder;
  private final int groups;
  private final Projection first;
  private final List<Block> blocks = new ArrayList<>();
  private final Resnet before;
  private final Attention attention;
  private final Resnet after;
  private final Norm norm;
  private final Projection last;

  VaeHalf(Layers layers, VaeConfig config, boolean encoder) {
    this.encoder = encoder;
    this.groups = config.groups();
    String path = encoder ? "encoder." : "decoder.";
    this.first = layers.convolution(path + "conv_in", 1, 1);
    for (int i = 0; i < config.levels(); i++) {
      blocks.add(block(layers, config, path, i));
    }
    this.before = Resnet.at(layers, path + "mid_block.resnets.0", groups, EPSILON);
    String middle = path + "mid_block.attentions.0.";
    this.attention =
        new Attention(
            layers.norm(middle + "group_norm", EPSILON),
            layers.linear(middle + "to_q"),
            layers.linear(middle + "to_k"),
            layers.linear(middle + "to_v"),
            layers.linear(middle + "to_out.0"),
            groups);
    this.after = Resnet.at(layers, path + "mid_block.resnets.1", groups, EPSILON);
    this.norm = layers.norm(path + "conv_norm_out", EPSILON);
    this.last = layers.convolution(path + "conv_out", 1, 1);
  }

  private Block block(Layers layers, VaeConfig config, String half, int i) {
    String path = half + (encoder ? "down_blocks." : "up_blocks.") + i;
    List<Resnet> resnets = new ArrayList<>();
    int count = config.layers() + (encoder ? 0 : 1);
    for (int j = 0; j < count; j++) {
      resnets.add(Resnet.at(layers, path + ".resnets." + j, groups, EPSILON));
    }
    if (i == config.levels() - 1) {
      return new Block(resnets, null);
    }
    return new Block(
        resnets,
        encoder
            ? layers.convolution(path + ".downsamplers.0.conv", 2, 0)
            : layers.convolution(path + ".upsamplers.0.conv", 1, 1));
  }

  Tensor apply(Tensor x, Segments segments) {
    Tensor h = Segment.run(segments, List.of(x), in -> first.apply(in.getFirst()));
    h = encoder ? middle(blocks(h, segments), segments) : blocks(middle(h, segments), segments);
    return Segment.run(
        segments, List.of(h), in -> last.apply(norm.groups(in.getFirst(), groups).silu()));
  }

  private Tensor middle(Tensor x, Segments segments) {
    Tensor h = Segment.run(segments, List.of(x), in -> before.apply(in.getFirst(), null));
    h = Segment.run(segments, List.of(h), in -> attention.apply(in.getFirst()));
    return Segment.run(segments, List.of(h), in -> after.apply(in.getFirst(), null));
  }

  private Tensor blocks(Tensor x, Segments segments) {
    Tensor h = x;
    for (Block block : blocks) {
      for (Resnet resnet : block.resnets()) {
        h = Segment.run(segments, List.of(h), in -> resnet.apply(in.getFirst(), null));
      }
      Projection sampler = block.sampler();
      if (sampler != null) {
        h = Segment.run(segments, List.of(h), in -> sample(in.getFirst(), sampler));
      }
    }
    return h;
  }

  /// The encoder pads only to the right and below.
  private Tensor sample(Tensor x, Projection sampler) {
    return sampler.apply(encoder ? x.pad(0, 1, 0, 1) : x.nearest(2 * x.size(2), 2 * x.size(3)));
  }
}
