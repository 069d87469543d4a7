package radiata.train.model;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.DType;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.nn.Layers;
import radiata.train.nn.NetworkException;
import radiata.train.nn.Norm;
import radiata.train.nn.Projection;

/// The denoiser of Stable Diffusion 1, 2 and XL (diffusers `UNet2DConditionModel`).
public final class Unet {
  /// Watches nothing.
  public static final BiConsumer<String, Tensor> UNWATCHED = (name, value) -> {};

  /// @param attentions one for each resnet, or none
  /// @param sampler the convolution that halves or doubles the size; null in the last block
  private record Block(
      String path,
      List<Resnet> resnets,
      List<ImageTransformer> attentions,
      @Nullable Projection sampler) {
    Tensor layer(Segments segments, int i, List<Tensor> inputs, boolean joined) {
      return Segment.run(segments, inputs, in -> resnet(i, in, joined));
    }

    /// @param joined whether the last input is put beside the first, channel by channel
    private Tensor resnet(int i, List<Tensor> in, boolean joined) {
      Tensor x = joined ? Tensor.cat(1, List.of(in.get(0), in.get(2))) : in.get(0);
      return resnets.get(i).apply(x, in.get(1));
    }

    Tensor attend(Segments segments, int i, Tensor x, Tensor context) {
      return attentions.isEmpty()
          ? x
          : Segment.run(
              segments, List.of(x, context), in -> attentions.get(i).apply(in.get(0), in.get(1)));
    }
  }

  private final UnetConfig config;
  private final Layers layers;
  private final Torch torch;
  private final DType dtype;
  private final Projection first;
  private final Embedding time;
  private final @Nullable Embedding addition;
  private final List<Block> down = new ArrayList<>();
  private final Block middle;
  private final List<Block> up = new ArrayList<>();
  private final Norm norm;
  private final Projection last;

  /// @throws NetworkException if the layers are not those of the architecture
  public Unet(Layers layers, UnetConfig config) {
    this.config = config;
    this.layers = layers;
    this.torch = layers.weights().torch();
    this.dtype = layers.weights().dtype();
    this.first = layers.convolution("conv_in", 1, 1);
    this.time = Embedding.at(layers, "time_embedding");
    this.addition = config.addition() == null ? null : Embedding.at(layers, "add_embedding");
    int levels = config.levels().size();
    for (int i = 0; i < levels; i++) {
      UnetConfig.Level level = config.levels().get(i);
      String path = "down_blocks." + i;
      String sampler = i < levels - 1 ? path + ".downsamplers.0.conv" : null;
      down.add(block(path, level.layers(), level.down(), sampler, 2));
    }
    this.middle = block("mid_block", 2, config.middle(), null, 1);
    for (int i = 0; i < levels; i++) {
      UnetConfig.Level level = config.levels().get(levels - 1 - i);
      String path = "up_blocks." + i;
      String sampler = i < levels - 1 ? path + ".upsamplers.0.conv" : null;
      up.add(block(path, level.layers() + 1, level.up(), sampler, 1));
    }
    this.norm = layers.norm("conv_norm_out", config.epsilon());
    this.last = layers.convolution("conv_out", 1, 1);
  }

  private Block block(
      String path,
      int count,
      UnetConfig.@Nullable Attention attention,
      @Nullable String sampler,
      int stride) {
    List<Resnet> resnets = new ArrayList<>();
    List<ImageTransformer> attentions = new ArrayList<>();
    // The middle has one attention between its two resnets.
    int attending = attention == null ? 0 : path.equals("mid_block") ? 1 : count;
    for (int i = 0; i < count; i++) {
      resnets.add(Resnet.at(layers, path + ".resnets." + i, config.groups(), config.epsilon()));
      if (attention != null && i < attending) {
        attentions.add(ImageTransformer.at(layers, path + ".attentions." + i, attention, config));
      }
    }
    return new Block(
        path, resnets, attentions, sampler == null ? null : layers.convolution(sampler, stride, 1));
  }

  public UnetConfig config() {
    return config;
  }

  public Layers layers() {
    return layers;
  }

  /// What the network predicts: `[batch, 4, height, width]` in its own dtype.
  ///
  /// @param watch is told `time_proj`, `emb`, `conv_in`, `down_blocks.0`, ..., `mid_block`,
  ///   `up_blocks.0`, ..., `sample`
  public Tensor forward(UnetInput given, Segments segments, BiConsumer<String, Tensor> watch) {
    Tensor context = own(segments, given.context());
    Tensor embedding = embedding(given, segments, watch);
    Tensor h =
        Segment.run(
            segments, List.of(own(segments, given.sample())), in -> first.apply(in.getFirst()));
    watch.accept("conv_in", h);
    Deque<Tensor> skips = new ArrayDeque<>();
    skips.push(h);
    for (Block block : down) {
      for (int i = 0; i < block.resnets().size(); i++) {
        h = block.layer(segments, i, List.of(h, embedding), false);
        h = block.attend(segments, i, h, context);
        skips.push(h);
      }
      Projection smaller = block.sampler();
      if (smaller != null) {
        h = Segment.run(segments, List.of(h), in -> smaller.apply(in.getFirst()));
        skips.push(h);
      }
      watch.accept(block.path(), h);
    }
    h = middle.layer(segments, 0, List.of(h, embedding), false);
    h = middle.attend(segments, 0, h, context);
    h = middle.layer(segments, 1, List.of(h, embedding), false);
    watch.accept(middle.path(), h);
    for (Block block : up) {
      for (int i = 0; i < block.resnets().size(); i++) {
        h = block.layer(segments, i, List.of(h, embedding, skips.pop()), true);
        h = block.attend(segments, i, h, context);
      }
      Projection larger = block.sampler();
      if (larger != null) {
        // A size that 2 does not divide was rounded up on the way down.
        long height = skips.element().size(2);
        long width = skips.element().size(3);
        h =
            Segment.run(
                segments, List.of(h), in -> larger.apply(in.getFirst().nearest(height, width)));
      }
      watch.accept(block.path(), h);
    }
    h =
        Segment.run(
            segments,
            List.of(h),
            in -> last.apply(norm.groups(in.getFirst(), config.groups()).silu()));
    watch.accept("sample", h);
    return h;
  }

  private Tensor own(Segments segments, Tensor x) {
    return x.dtype() == dtype
        ? x
        : Segment.run(segments, List.of(x), in -> in.getFirst().cast(dtype));
  }

  private Tensor embedding(UnetInput given, Segments segments, BiConsumer<String, Tensor> watch) {
    Tensor sinusoid =
        given.sinusoid() != null
            ? given.sinusoid()
            : sinusoid(config.width()).of(torch, given.timesteps());
    watch.accept("time_proj", sinusoid);
    List<Tensor> inputs = new ArrayList<>(List.of(sinusoid.cast(dtype)));
    if (addition != null) {
      Tensor pooled = given.pooled();
      Tensor sizes = given.sizes();
      if (pooled == null || sizes == null) {
        throw new NetworkException("an SDXL UNet needs pooled texts and sizes beside the texts");
      }
      inputs.add(own(segments, pooled));
      inputs.add(sizes(sizes).cast(dtype));
    }
    Tensor embedding = Segment.run(segments, inputs, this::embed);
    watch.accept("emb", embedding);
    return embedding;
  }

  private Tensor embed(List<Tensor> in) {
    Tensor embedding = time.apply(in.get(0));
    return addition == null
        ? embedding
        : embedding.plus(addition.apply(Tensor.cat(1, List.of(in.get(1), in.get(2)))));
  }

  /// The sinusoids of the sizes in a row: `[batch, 6 * width]`.
  private Tensor sizes(Tensor sizes) {
    int width = config.addition() == null ? 0 : config.addition();
    Tensor each = sinusoid(width).of(torch, sizes.reshape(-1));
    return each.reshape(sizes.size(0), sizes.size(1) * width);
  }

  private Sinusoid sinusoid(int width) {
    return new Sinusoid(width, config.cosineFirst(), config.shift());
  }
}
