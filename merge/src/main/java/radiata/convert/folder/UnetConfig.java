package radiata.convert.folder;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `unet/config.json`.
final class UnetConfig {
  private UnetConfig() {}

  static String text(StableDiffusion family, boolean v, Shapes unet) {
    List<Long> widths = unet.widths("down_blocks.%d.resnets.0.conv1.weight");
    List<Integer> depths = new ArrayList<>();
    for (int level = 0; level < widths.size(); level++) {
      String attention = "down_blocks." + level + ".attentions.0.";
      depths.add(unet.count(attention + "transformer_blocks.%d.norm1.weight"));
    }
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("_class_name", "UNet2DConditionModel");
    config.put("_diffusers_version", version(family));
    config.put("act_fn", "silu");
    config.put("block_out_channels", widths);
    config.put("center_input_sample", false);
    config.put(
        "cross_attention_dim",
        unet.dim("mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight", 1));
    config.put("down_block_types", blocks(depths, "DownBlock2D"));
    config.put("downsample_padding", 1);
    config.put("flip_sin_to_cos", true);
    config.put("freq_shift", 0);
    config.put("in_channels", unet.dim("conv_in.weight", 1));
    config.put("layers_per_block", 2);
    config.put("mid_block_scale_factor", 1);
    config.put("norm_eps", PythonJson.number("1e-05"));
    config.put("norm_num_groups", 32);
    config.put("out_channels", unet.dim("conv_out.weight", 0));
    config.put("sample_size", sampleSize(family, v));
    config.put("up_block_types", blocks(depths.reversed(), "UpBlock2D"));
    List<Long> heads = widths.stream().map(Shapes::heads).toList();
    switch (family) {
      // Eight heads, whatever the width: diffusers calls their number a dimension.
      case SD1 -> config.put("attention_head_dim", 8);
      case SD2 -> {
        config.put("attention_head_dim", heads);
        config.put("dual_cross_attention", false);
        config.put("only_cross_attention", false);
        config.put("upcast_attention", true);
        config.put("use_linear_projection", true);
      }
      case SDXL, REFINER -> {
        config.put("attention_head_dim", heads);
        config.put("addition_embed_type", "text_time");
        config.put("addition_time_embed_dim", 256);
        config.put(
            "projection_class_embeddings_input_dim", unet.dim("add_embedding.linear_1.weight", 1));
        config.put(
            "transformer_layers_per_block",
            depths.stream().map(depth -> Math.max(1, depth)).toList());
        config.put("use_linear_projection", true);
        middle(family, config);
      }
    }
    return PythonJson.text(config);
  }

  /// The refiner's middle block has attention though the level above it has none, so its depth
  /// cannot come from a list.
  private static void middle(StableDiffusion family, Map<String, Object> config) {
    if (family == StableDiffusion.REFINER) {
      config.put("transformer_layers_per_block", 4);
    }
  }

  private static List<String> blocks(List<Integer> depths, String plain) {
    return depths.stream().map(depth -> (depth > 0 ? "CrossAttn" : "") + plain).toList();
  }

  /// The side of the latent image that the model was trained on.
  private static int sampleSize(StableDiffusion family, boolean v) {
    return switch (family) {
      case SD1 -> 64;
      case SD2 -> v ? 96 : 64;
      case SDXL, REFINER -> 128;
    };
  }

  /// The diffusers version that the published folder of the family names, and that knows all of its
  /// keys.
  static String version(StableDiffusion family) {
    return switch (family) {
      case SD1 -> "0.6.0";
      case SD2 -> "0.8.0";
      case SDXL, REFINER -> "0.19.0";
    };
  }
}
