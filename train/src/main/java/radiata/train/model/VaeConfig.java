package radiata.train.model;

import java.util.HashSet;
import java.util.Set;
import radiata.names.Family;
import radiata.train.nn.NetworkException;
import radiata.train.nn.Weights;

/// The architecture of an autoencoder (diffusers `autoencoder_kl.py`).
///
/// @param levels each but the last halves the size
/// @param layers resnets of a level of the encoder; the decoder has one more
/// @param groups of every group norm
/// @param scale what latents are multiplied by, so that their spread is about 1
public record VaeConfig(int levels, int layers, int groups, double scale) {
  private static final double SCALE = 0.18215;
  private static final double SCALE_XL = 0.13025;

  /// The architecture that `vae/config.json` describes.
  ///
  /// @throws NetworkException if it is one that is not built
  public static VaeConfig parse(String text, String file) {
    ConfigMembers config = ConfigMembers.parse(text, file);
    config.only("act_fn", "\"silu\"");
    config.only("mid_block_add_attention", "true");
    config.only("shift_factor", "null");
    config.only("latents_mean", "null");
    config.only("latents_std", "null");
    blocks(config, "down_block_types", "DownEncoderBlock2D");
    blocks(config, "up_block_types", "UpDecoderBlock2D");
    return new VaeConfig(
        config.counts("block_out_channels").size(),
        config.count("layers_per_block", 2),
        config.count("norm_num_groups", 32),
        config.number("scaling_factor", SCALE));
  }

  private static void blocks(ConfigMembers config, String key, String built) {
    Set<String> others = new HashSet<>(config.texts(key));
    others.remove(built);
    if (!others.isEmpty()) {
      throw new NetworkException(
          "%s: %s has %s; only %s is built"
              .formatted(config.file(), key, String.join(", ", others), built));
    }
  }

  /// The architecture of an autoencoder that has no config.
  public static VaeConfig of(Weights weights, Family family) {
    int levels = 0;
    while (weights.has("encoder.down_blocks." + levels + ".resnets.0.conv1.weight")) {
      levels++;
    }
    int layers = 0;
    while (weights.has("encoder.down_blocks.0.resnets." + layers + ".conv1.weight")) {
      layers++;
    }
    boolean xl = family == Family.SDXL || family == Family.SDXL_REFINER;
    return new VaeConfig(levels, layers, 32, xl ? SCALE_XL : SCALE);
  }
}
