package radiata.names;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// The modules of the autoencoder that SD1, SD2 and SDXL share: four levels, the decoder's counted
/// from the inside by diffusers and from the outside by LDM.
final class VaeRules {
  private static final List<Integer> WIDTHS = List.of(128, 256, 512, 512);
  private static final int LEVELS = WIDTHS.size();

  private final List<ModuleNames> modules = new ArrayList<>();

  private VaeRules() {}

  static List<ModuleNames> all() {
    VaeRules rules = new VaeRules();
    rules.encoder();
    rules.decoder();
    rules.add("quant_conv", "quant_conv");
    rules.add("post_quant_conv", "post_quant_conv");
    return rules.modules;
  }

  private void encoder() {
    ends("encoder");
    for (int i = 0; i < LEVELS; i++) {
      String ldm = "encoder.down." + i;
      String path = "encoder.down_blocks." + i;
      for (int j = 0; j < 2; j++) {
        boolean wider = j == 0 && i > 0 && !WIDTHS.get(i).equals(WIDTHS.get(i - 1));
        resnet(ldm + ".block." + j, path + ".resnets." + j, wider);
      }
      if (i < LEVELS - 1) {
        add(ldm + ".downsample.conv", path + ".downsamplers.0.conv");
      }
    }
  }

  private void decoder() {
    ends("decoder");
    for (int i = 0; i < LEVELS; i++) {
      int level = LEVELS - 1 - i;
      String ldm = "decoder.up." + level;
      String path = "decoder.up_blocks." + i;
      for (int j = 0; j < 3; j++) {
        boolean narrower = j == 0 && i > 0 && !WIDTHS.get(level).equals(WIDTHS.get(level + 1));
        resnet(ldm + ".block." + j, path + ".resnets." + j, narrower);
      }
      if (i < LEVELS - 1) {
        add(ldm + ".upsample.conv", path + ".upsamplers.0.conv");
      }
    }
  }

  private void ends(String part) {
    add(part + ".conv_in", part + ".conv_in");
    add(part + ".norm_out", part + ".conv_norm_out");
    add(part + ".conv_out", part + ".conv_out");
    resnet(part + ".mid.block_1", part + ".mid_block.resnets.0", false);
    resnet(part + ".mid.block_2", part + ".mid_block.resnets.1", false);
    String ldm = part + ".mid.attn_1.";
    String path = part + ".mid_block.attentions.0.";
    add(ldm + "norm", path + "group_norm");
    attention(ldm + "q", path + "to_q", path + "query");
    attention(ldm + "k", path + "to_k", path + "key");
    attention(ldm + "v", path + "to_v", path + "value");
    attention(ldm + "proj_out", path + "to_out.0", path + "proj_attn");
  }

  private void resnet(String ldm, String path, boolean shortcut) {
    for (String name : List.of("norm1", "conv1", "norm2", "conv2")) {
      add(ldm + "." + name, path + "." + name);
    }
    if (shortcut) {
      add(ldm + ".nin_shortcut", path + ".conv_shortcut");
    }
  }

  private void attention(String ldm, String path, String old) {
    add(ldm, path, Storage.POINTWISE, List.of(old));
  }

  private void add(String ldm, String path) {
    add(ldm, path, Storage.PLAIN, List.of());
  }

  private void add(String ldm, String path, Storage storage, List<String> also) {
    modules.add(
        new ModuleNames(
            Role.VAE, "first_stage_model.", ldm, path, storage, true, OptionalInt.empty(), also));
  }
}
