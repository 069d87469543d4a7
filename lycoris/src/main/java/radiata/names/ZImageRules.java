package radiata.names;

import java.util.List;

/// The modules of Z-Image: 30 layers and two refiners of two. Conventions: ComfyUI's
/// `lumina/model.py`, whose names its checkpoints have, and diffusers `transformer_z_image.py`.
final class ZImageRules {
  private final TransformerModules to = new TransformerModules(true);
  private final TransformerModules plain = new TransformerModules(false);

  private ZImageRules() {}

  static List<ModuleNames> all() {
    ZImageRules rules = new ZImageRules();
    for (int i = 0; i < 30; i++) {
      rules.layer("layers." + i + ".", true);
    }
    for (int i = 0; i < 2; i++) {
      rules.layer("noise_refiner." + i + ".", true);
      rules.layer("context_refiner." + i + ".", false);
    }
    rules.ends();
    rules.to.all().addAll(rules.plain.all());
    return rules.to.all();
  }

  private void layer(String at, boolean modulated) {
    plain.qkv(at + "attention.qkv", at + "attention.", List.of("to_q", "to_k", "to_v"));
    plain.layer(at + "attention.out", at + "attention.to_out.0");
    plain.layer(at + "attention.q_norm", at + "attention.norm_q");
    plain.layer(at + "attention.k_norm", at + "attention.norm_k");
    for (String name :
        List.of(
            "feed_forward.w1",
            "feed_forward.w2",
            "feed_forward.w3",
            "attention_norm1",
            "attention_norm2",
            "ffn_norm1",
            "ffn_norm2")) {
      plain.layer(at + name);
    }
    if (modulated) {
      to.layer(at + "adaLN_modulation.0");
    }
  }

  private void ends() {
    to.layer("x_embedder", "all_x_embedder.2-1");
    to.layer("final_layer.linear", "all_final_layer.2-1.linear");
    to.layer("final_layer.adaLN_modulation.1", "all_final_layer.2-1.adaLN_modulation.1");
    plain.layer("cap_embedder.0");
    to.layer("cap_embedder.1");
    to.layer("t_embedder.mlp.0");
    to.layer("t_embedder.mlp.2");
    plain.layer("norm_final");
    to.parameter("x_pad_token", "x_pad_token");
    to.parameter("cap_pad_token", "cap_pad_token");
  }
}
