package radiata.names;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// The modules of the UNets of the Stable Diffusion families, from block counts.
///
/// LDM numbers all input and output blocks in one row, three to a level; diffusers names the level,
/// then the resnet or attention in it. Conventions: CompVis `openaimodel.py`, diffusers
/// `unet_2d_condition.py`.
final class UnetRules {
  private static final int IN = 1;
  private static final int MID = 13;
  private static final int OUT = 14;

  /// Where kohya's scripts put SDXL's `out` in the list of block weights.
  private static final int SDXL_OUT = 23;

  private final UnetPlan plan;
  private final List<ModuleNames> modules = new ArrayList<>();

  private UnetRules(UnetPlan plan) {
    this.plan = plan;
  }

  static List<ModuleNames> of(UnetPlan plan) {
    UnetRules rules = new UnetRules(plan);
    rules.ends();
    rules.down();
    rules.middle();
    rules.up();
    return rules.modules;
  }

  private void ends() {
    OptionalInt first = OptionalInt.of(IN);
    OptionalInt last =
        plan.labels() && plan.levels() == 3 ? OptionalInt.of(SDXL_OUT) : OptionalInt.empty();
    add("input_blocks.0.0", "conv_in", first);
    for (int n = 1; n <= 2; n++) {
      int ldm = 2 * n - 2;
      add("time_embed." + ldm, "time_embedding.linear_" + n, first);
      if (plan.labels()) {
        add("label_emb.0." + ldm, "add_embedding.linear_" + n, first);
      }
    }
    add("out.0", "conv_norm_out", last);
    add("out.2", "conv_out", last);
  }

  private void down() {
    for (int i = 0; i < plan.levels(); i++) {
      for (int j = 0; j < 2; j++) {
        int n = 3 * i + j + 1;
        String at = "down_blocks." + i;
        boolean wider = j == 0 && i > 0 && plan.channels(i) != plan.channels(i - 1);
        resnet("input_blocks." + n + ".0", at + ".resnets." + j, wider, IN + n);
        attention("input_blocks." + n + ".1", at + ".attentions." + j, plan.depth(i), IN + n);
      }
      if (i < plan.levels() - 1) {
        int n = 3 * i + 3;
        String at = "down_blocks." + i + ".downsamplers.0.conv";
        add("input_blocks." + n + ".0.op", at, OptionalInt.of(IN + n));
      }
    }
  }

  private void middle() {
    resnet("middle_block.0", "mid_block.resnets.0", false, MID);
    attention("middle_block.1", "mid_block.attentions.0", plan.middleDepth(), MID);
    resnet("middle_block.2", "mid_block.resnets.1", false, MID);
  }

  private void up() {
    for (int i = 0; i < plan.levels(); i++) {
      int depth = plan.depth(plan.levels() - 1 - i);
      String at = "up_blocks." + i;
      for (int j = 0; j < 3; j++) {
        int n = 3 * i + j;
        // Every up resnet takes a skip connection in, so it always changes the number of channels.
        resnet("output_blocks." + n + ".0", at + ".resnets." + j, true, OUT + n);
        attention("output_blocks." + n + ".1", at + ".attentions." + j, depth, OUT + n);
      }
      if (i < plan.levels() - 1) {
        int n = 3 * i + 2;
        String ldm = "output_blocks." + n + (depth == 0 ? ".1" : ".2") + ".conv";
        add(ldm, at + ".upsamplers.0.conv", OptionalInt.of(OUT + n));
      }
    }
  }

  private void resnet(String ldm, String path, boolean shortcut, int block) {
    OptionalInt at = OptionalInt.of(block);
    add(ldm + ".in_layers.0", path + ".norm1", at);
    add(ldm + ".in_layers.2", path + ".conv1", at);
    add(ldm + ".emb_layers.1", path + ".time_emb_proj", at);
    add(ldm + ".out_layers.0", path + ".norm2", at);
    add(ldm + ".out_layers.3", path + ".conv2", at);
    if (shortcut) {
      add(ldm + ".skip_connection", path + ".conv_shortcut", at);
    }
  }

  private void attention(String ldm, String path, int depth, int block) {
    if (depth == 0) {
      return;
    }
    inside(ldm, path, List.of("norm", "proj_in", "proj_out"), true, block);
    for (int k = 0; k < depth; k++) {
      String at = ".transformer_blocks." + k;
      inside(ldm + at, path + at, TRANSFORMER, true, block);
      inside(ldm + at, path + at, PROJECTIONS, false, block);
    }
  }

  private static final List<String> TRANSFORMER =
      List.of(
          "norm1",
          "norm2",
          "norm3",
          "attn1.to_out.0",
          "attn2.to_out.0",
          "ff.net.0.proj",
          "ff.net.2");
  private static final List<String> PROJECTIONS =
      List.of("attn1.to_q", "attn1.to_k", "attn1.to_v", "attn2.to_q", "attn2.to_k", "attn2.to_v");

  private void inside(String ldm, String path, List<String> names, boolean biased, int block) {
    for (String name : names) {
      add(ldm + "." + name, path + "." + name, biased, OptionalInt.of(block));
    }
  }

  private void add(String ldm, String path, OptionalInt block) {
    add(ldm, path, true, block);
  }

  private void add(String ldm, String path, boolean biased, OptionalInt block) {
    modules.add(
        new ModuleNames(
            Role.UNET,
            "model.diffusion_model.",
            ldm,
            path,
            Storage.PLAIN,
            biased,
            block,
            List.of()));
  }
}
