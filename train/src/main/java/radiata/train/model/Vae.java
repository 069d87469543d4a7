package radiata.train.model;

import org.jspecify.annotations.Nullable;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.nn.Layers;
import radiata.train.nn.NetworkException;
import radiata.train.nn.Projection;

/// The autoencoder between pictures and latents (diffusers `AutoencoderKL`). Pictures are RGB from
/// -1 to 1, `[batch, 3, height, width]`; latents a power of two smaller.
public final class Vae {
  /// The spread of what a picture may have been made from.
  ///
  /// @param mean `[batch, 4, height / 8, width / 8]`
  /// @param logvar the logarithm of the variance, between -30 and 20
  public record Moments(Tensor mean, Tensor logvar) {}

  private final VaeConfig config;
  private final Layers layers;
  private final VaeHalf encoder;
  private final VaeHalf decoder;
  private final @Nullable Projection quant;
  private final @Nullable Projection postQuant;

  /// @throws NetworkException if the layers are not those of the architecture
  public Vae(Layers layers, VaeConfig config) {
    this.config = config;
    this.layers = layers;
    this.encoder = new VaeHalf(layers, config, true);
    this.decoder = new VaeHalf(layers, config, false);
    this.quant = layers.has("quant_conv") ? layers.convolution("quant_conv", 1, 0) : null;
    this.postQuant =
        layers.has("post_quant_conv") ? layers.convolution("post_quant_conv", 1, 0) : null;
  }

  public VaeConfig config() {
    return config;
  }

  public Layers layers() {
    return layers;
  }

  /// How many pixels a latent is wide and high.
  public int factor() {
    return 1 << (config.levels() - 1);
  }

  public Moments encode(Tensor pictures) {
    Tensor h = encoder.apply(pictures.cast(layers.weights().dtype()), Segments.PLAIN);
    Tensor both = quant == null ? h : quant.apply(h);
    long channels = both.size(1) / 2;
    return new Moments(
        both.slice(1, 0, channels), both.slice(1, channels, 2 * channels).clamp(-30, 20));
  }

  /// Latents as a UNet reads them.
  ///
  /// @param noise of the shape of the mean, from the normal distribution
  /// @throws NetworkException if they are not finite: the autoencoder of SDXL overflows in float16
  public Tensor latents(Moments moments, Tensor noise) {
    Tensor latents =
        moments.mean().plus(moments.logvar().times(0.5).exp().times(noise)).times(config.scale());
    return finite(latents, "latents");
  }

  /// The pictures that latents stand for.
  ///
  /// @throws NetworkException if they are not finite
  public Tensor decode(Tensor latents) {
    Tensor z = latents.cast(layers.weights().dtype()).times(1 / config.scale());
    Tensor h = postQuant == null ? z : postQuant.apply(z);
    return finite(decoder.apply(h, Segments.PLAIN), "pictures");
  }

  private Tensor finite(Tensor x, String what) {
    if (!x.isFinite()) {
      throw new NetworkException(
          "the autoencoder gives %s that are not finite in %s; run it in float32"
              .formatted(what, layers.weights().dtype()));
    }
    return x;
  }
}
