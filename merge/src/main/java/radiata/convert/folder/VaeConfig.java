package radiata.convert.folder;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `vae/config.json`.
final class VaeConfig {
  private VaeConfig() {}

  static String text(StableDiffusion family, boolean v, Shapes vae) {
    List<Long> widths = vae.widths("encoder.down_blocks.%d.resnets.0.conv1.weight");
    int levels = widths.size();
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("_class_name", "AutoencoderKL");
    config.put("_diffusers_version", UnetConfig.version(family));
    config.put("act_fn", "silu");
    config.put("block_out_channels", widths);
    config.put("down_block_types", Collections.nCopies(levels, "DownEncoderBlock2D"));
    config.put("in_channels", vae.dim("encoder.conv_in.weight", 1));
    config.put("latent_channels", vae.dim("post_quant_conv.weight", 1));
    config.put("layers_per_block", 2);
    config.put("norm_num_groups", 32);
    config.put("out_channels", vae.dim("decoder.conv_out.weight", 0));
    config.put("up_block_types", Collections.nCopies(levels, "UpDecoderBlock2D"));
    switch (family) {
      case SD1 -> {
        config.put("sample_size", 512);
        config.put("scaling_factor", PythonJson.number("0.18215"));
      }
      case SD2 -> {
        config.put("sample_size", v ? 768 : 512);
        config.put("scaling_factor", PythonJson.number("0.18215"));
      }
      // In fp16 this autoencoder overflows.
      case SDXL, REFINER -> {
        config.put("sample_size", 1024);
        config.put("scaling_factor", PythonJson.number("0.13025"));
        config.put("force_upcast", true);
      }
    }
    return PythonJson.text(config);
  }
}
