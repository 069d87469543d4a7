package radiata.names;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The modules of Stable Diffusion 3 and 3.5. Conventions: Stability's `mmdit.py`, diffusers
/// `transformer_sd3.py` and `convert_sd3_to_diffusers.py`.
final class Sd3Rules {
  /// Blocks of SD3 medium and SD3.5 medium; SD3.5 large has 38.
  static final int MEDIUM = 24;

  private final TransformerModules to = new TransformerModules(true);

  private static final Pattern BLOCK =
      Pattern.compile("(?:joint|transformer)_blocks\\.(\\d{1,9})\\.");

  private Sd3Rules() {}

  /// The number of blocks of a base.
  static int depth(List<BaseTensor> base) {
    Set<String> blocks = new HashSet<>();
    for (BaseTensor tensor : base) {
      Matcher matcher = BLOCK.matcher(tensor.name());
      if (matcher.find()) {
        blocks.add(matcher.group(1));
      }
    }
    return Math.max(1, blocks.size());
  }

  static List<ModuleNames> of(int depth) {
    Sd3Rules rules = new Sd3Rules();
    for (int i = 0; i < depth; i++) {
      rules.block("joint_blocks." + i + ".", "transformer_blocks." + i + ".", i == depth - 1);
    }
    rules.ends();
    return rules.to.all();
  }

  private void block(String own, String path, boolean last) {
    attention(own + "x_block.attn", path + "attn.", List.of("to_q", "to_k", "to_v"), "norm_");
    to.layer(own + "x_block.attn.proj", path + "attn.to_out.0");
    // The second attention of SD3.5 medium's first blocks.
    attention(own + "x_block.attn2", path + "attn2.", List.of("to_q", "to_k", "to_v"), "norm_");
    to.layer(own + "x_block.attn2.proj", path + "attn2.to_out.0");
    attention(
        own + "context_block.attn",
        path + "attn.",
        List.of("add_q_proj", "add_k_proj", "add_v_proj"),
        "norm_added_");
    to.layer(own + "context_block.attn.proj", path + "attn.to_add_out");
    to.layer(own + "x_block.mlp.fc1", path + "ff.net.0.proj");
    to.layer(own + "x_block.mlp.fc2", path + "ff.net.2");
    to.layer(own + "context_block.mlp.fc1", path + "ff_context.net.0.proj");
    to.layer(own + "context_block.mlp.fc2", path + "ff_context.net.2");
    to.layer(own + "x_block.adaLN_modulation.1", path + "norm1.linear");
    if (last) {
      // The text ends here: only shift and scale are left, and diffusers turns them round.
      to.swapped(own + "context_block.adaLN_modulation.1", path + "norm1_context.linear");
    } else {
      to.layer(own + "context_block.adaLN_modulation.1", path + "norm1_context.linear");
    }
  }

  private void attention(String own, String path, List<String> names, String norm) {
    to.qkv(own + ".qkv", path, names);
    to.norm(own + ".ln_q", path + norm + "q", Storage.PLAIN);
    to.norm(own + ".ln_k", path + norm + "k", Storage.PLAIN);
  }

  private void ends() {
    to.layer("x_embedder.proj", "pos_embed.proj");
    to.parameter("pos_embed", "pos_embed.pos_embed");
    to.layer("context_embedder");
    for (int n = 0; n < 2; n++) {
      String layer = ".linear_" + (n + 1);
      to.layer("t_embedder.mlp." + 2 * n, "time_text_embed.timestep_embedder" + layer);
      to.layer("y_embedder.mlp." + 2 * n, "time_text_embed.text_embedder" + layer);
    }
    to.layer("final_layer.linear", "proj_out");
    to.swapped("final_layer.adaLN_modulation.1", "norm_out.linear");
  }
}
