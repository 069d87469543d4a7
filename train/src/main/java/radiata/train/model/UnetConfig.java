package radiata.train.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import radiata.names.Family;
import radiata.train.nn.NetworkException;
import radiata.train.nn.Weights;

/// The architecture of a UNet that reads text (diffusers `unet_2d_condition.py`).
///
/// @param levels outermost first
/// @param middle how the block between the two halves attends
/// @param width of the first level, and of the sinusoid of the timestep
/// @param context width of the text that it reads
/// @param groups of every group norm
/// @param epsilon of the group norms outside attention
/// @param linear whether attention's `proj_in` and `proj_out` are linear layers and not 1x1 kernels
/// @param upcast whether scores of attention are computed in float32
/// @param cosineFirst whether sinusoids are cosines, then sines
/// @param shift subtracted from the number of frequencies of a sinusoid
/// @param addition width of the sinusoid of each size in SDXL's `time_ids`; null where there is no
///   `add_embedding`
public record UnetConfig(
    List<Level> levels,
    Attention middle,
    int width,
    int context,
    int groups,
    double epsilon,
    boolean linear,
    boolean upcast,
    boolean cosineFirst,
    double shift,
    @Nullable Integer addition) {
  /// The blocks of one size, on the way down and on the way up.
  ///
  /// @param layers resnets on the way down; there is one more on the way up
  /// @param down attention on the way down; null for none
  /// @param up attention on the way up; null for none
  public record Level(int layers, @Nullable Attention down, @Nullable Attention up) {}

  /// How a block attends.
  ///
  /// @param depth transformer blocks in a row
  public record Attention(int depth, int heads) {}

  private static final Set<String> DOWN = Set.of("CrossAttnDownBlock2D", "DownBlock2D");
  private static final Set<String> UP = Set.of("CrossAttnUpBlock2D", "UpBlock2D");

  public UnetConfig {
    levels = List.copyOf(levels);
  }

  /// The architecture that `unet/config.json` describes.
  ///
  /// @throws NetworkException if it is one that is not built
  public static UnetConfig parse(String text, String file) {
    ConfigMembers config = ConfigMembers.parse(text, file);
    refuse(config);
    List<Integer> widths = config.counts("block_out_channels");
    int levels = widths.size();
    List<String> down = blocks(config, "down_block_types", DOWN, levels);
    List<String> up = blocks(config, "up_block_types", UP, levels).reversed();
    List<Integer> layers = config.counts("layers_per_block", levels, 2);
    List<Integer> depths = config.counts("transformer_layers_per_block", levels, 1);
    // Long a misnomer in diffusers (issue 2011): it is the number of heads.
    List<Integer> heads = config.counts("attention_head_dim", levels, 8);
    List<Level> all = new ArrayList<>();
    for (int i = 0; i < levels; i++) {
      Attention attention = new Attention(depths.get(i), heads.get(i));
      if (widths.get(i) % heads.get(i) != 0) {
        throw new NetworkException(
            "%s: %d channels cannot be shared among %d heads"
                .formatted(file, widths.get(i), heads.get(i)));
      }
      all.add(
          new Level(
              layers.get(i),
              down.get(i).startsWith("Cross") ? attention : null,
              up.get(i).startsWith("Cross") ? attention : null));
    }
    boolean addition = !config.text("addition_embed_type", "").isEmpty();
    return new UnetConfig(
        all,
        new Attention(depths.getLast(), heads.getLast()),
        widths.getFirst(),
        context(config, levels),
        config.count("norm_num_groups", 32),
        config.number("norm_eps", 1e-5),
        config.flag("use_linear_projection", false),
        config.flag("upcast_attention", false),
        config.flag("flip_sin_to_cos", true),
        config.number("freq_shift", 0),
        addition ? config.count("addition_time_embed_dim") : null);
  }

  private static List<String> blocks(
      ConfigMembers config, String key, Set<String> known, int levels) {
    List<String> blocks = config.texts(key);
    for (String block : blocks) {
      if (!known.contains(block)) {
        throw new NetworkException(
            "%s: %s has a %s; only %s are built"
                .formatted(config.file(), key, block, String.join(" and ", known)));
      }
    }
    if (blocks.size() != levels) {
      throw new NetworkException(
          "%s: %s has %d blocks for %d levels"
              .formatted(config.file(), key, blocks.size(), levels));
    }
    return blocks;
  }

  private static int context(ConfigMembers config, int levels) {
    List<Integer> widths = config.counts("cross_attention_dim", levels, 1280);
    if (Set.copyOf(widths).size() > 1) {
      throw new NetworkException(
          "%s: its levels read texts of different widths, %s; only one width is built"
              .formatted(config.file(), widths));
    }
    return widths.getFirst();
  }

  private static void refuse(ConfigMembers config) {
    config.only("class_embed_type", "null");
    config.only("num_class_embeds", "null");
    config.only("encoder_hid_dim_type", "null");
    config.only("encoder_hid_dim", "null");
    config.only("dual_cross_attention", "false");
    config.only("only_cross_attention", "false");
    config.only("mid_block_only_cross_attention", "false");
    config.only("cross_attention_norm", "null");
    config.only("resnet_time_scale_shift", "\"default\"");
    config.only("resnet_skip_time_act", "false");
    config.only("resnet_out_scale_factor", "1");
    config.only("attention_type", "\"default\"");
    config.only("time_embedding_type", "\"positional\"");
    config.only("time_embedding_act_fn", "null");
    config.only("timestep_post_act", "null");
    config.only("time_cond_proj_dim", "null");
    config.only("addition_embed_type", "\"text_time\"");
    config.only("mid_block_type", "\"UNetMidBlock2DCrossAttn\"");
    config.only("mid_block_scale_factor", "1");
    config.only("reverse_transformer_layers_per_block", "null");
    config.only("num_attention_heads", "null");
    config.only("act_fn", "\"silu\"");
    config.only("center_input_sample", "false");
    config.only("downsample_padding", "1");
    config.only("conv_in_kernel", "3");
    config.only("conv_out_kernel", "3");
    config.only("dropout", "0");
  }

  /// The architecture of a checkpoint that has no config, from the shapes of its weights and its
  /// family.
  ///
  /// @throws NetworkException if weights are missing from which it is read
  public static UnetConfig of(Weights weights, Family family) {
    String width = "down_blocks.%d.resnets.0.conv1.weight";
    List<Level> levels = new ArrayList<>();
    int count = count(weights, width);
    for (int i = 0; i < count; i++) {
      int heads = heads(family, weights.shape(width.formatted(i)).dim(0));
      int up = count - 1 - i;
      levels.add(
          new Level(
              count(weights, "down_blocks." + i + ".resnets.%d.conv1.weight"),
              attention(weights, "down_blocks." + i, heads),
              attention(weights, "up_blocks." + up, heads)));
    }
    String middle = "mid_block.attentions.0.";
    int heads = heads(family, weights.shape("mid_block.resnets.0.conv1.weight").dim(0));
    Attention between = attention(weights, "mid_block", heads);
    return new UnetConfig(
        levels,
        between == null ? new Attention(0, heads) : between,
        Math.toIntExact(weights.shape("conv_in.weight").dim(0)),
        Math.toIntExact(weights.shape(middle + "transformer_blocks.0.attn2.to_k.weight").dim(1)),
        32,
        1e-5,
        weights.shape(middle + "proj_in.weight").rank() == 2,
        family == Family.SD2,
        true,
        0,
        weights.has("add_embedding.linear_1.weight") ? 256 : null);
  }

  private static int count(Weights weights, String pattern) {
    int n = 0;
    while (weights.has(pattern.formatted(n))) {
      n++;
    }
    return n;
  }

  private static @Nullable Attention attention(Weights weights, String block, int heads) {
    int depth = count(weights, block + ".attentions.0.transformer_blocks.%d.norm1.weight");
    return depth == 0 ? null : new Attention(depth, heads);
  }

  /// Stable Diffusion 1 has eight heads at every width, the later ones as many as are 64 wide.
  private static int heads(Family family, long width) {
    return family == Family.SD1 ? 8 : Math.max(1, Math.toIntExact(width / 64));
  }
}
