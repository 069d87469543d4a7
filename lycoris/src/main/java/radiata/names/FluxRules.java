package radiata.names;

import java.util.List;

/// The modules of Black Forest Labs' transformers: FLUX.1, Chroma, which came from it, and FLUX.2.
/// Conventions: BFL `flux/model.py`, diffusers `transformer_flux.py`, `transformer_flux2.py` and
/// `convert_flux_to_diffusers.py`.
final class FluxRules {
  private static final List<String> IMAGE = List.of("to_q", "to_k", "to_v");
  private static final List<String> TEXT = List.of("add_q_proj", "add_k_proj", "add_v_proj");

  private final boolean second;
  private final TransformerModules to;

  private FluxRules(boolean second) {
    this.second = second;
    this.to = new TransformerModules(!second);
  }

  /// FLUX.1: 19 double and 38 single blocks; distilled ones have fewer.
  static List<ModuleNames> flux() {
    FluxRules rules = new FluxRules(false);
    rules.blocks(19, 38);
    rules.to.layer("img_in", "x_embedder");
    rules.to.layer("txt_in", "context_embedder");
    rules.embedder("time_in", "time_text_embed.timestep_embedder");
    rules.embedder("guidance_in", "time_text_embed.guidance_embedder");
    rules.embedder("vector_in", "time_text_embed.text_embedder");
    rules.last();
    return rules.to.all();
  }

  /// FLUX.1 whose modulation comes from one small network.
  static List<ModuleNames> chroma() {
    FluxRules rules = new FluxRules(false);
    rules.blocks(19, 38);
    rules.to.layer("img_in", "x_embedder");
    rules.to.layer("txt_in", "context_embedder");
    String guidance = "distilled_guidance_layer.";
    rules.to.layer(guidance + "in_proj");
    rules.to.layer(guidance + "out_proj");
    for (int i = 0; i < 5; i++) {
      rules.to.layer(
          guidance + "layers." + i + ".in_layer", guidance + "layers." + i + ".linear_1");
      rules.to.layer(
          guidance + "layers." + i + ".out_layer", guidance + "layers." + i + ".linear_2");
      rules.to.norm(guidance + "norms." + i + ".scale", guidance + "norms." + i, Storage.PARAMETER);
    }
    rules.last();
    return rules.to.all();
  }

  /// FLUX.2: at most 8 double and 48 single blocks, no biases, one modulation for all blocks.
  static List<ModuleNames> flux2() {
    FluxRules rules = new FluxRules(true);
    rules.blocks(8, 48);
    rules.to.layer("img_in", "x_embedder");
    rules.to.layer("txt_in", "context_embedder");
    rules.embedder("time_in", "time_guidance_embed.timestep_embedder");
    rules.embedder("guidance_in", "time_guidance_embed.guidance_embedder");
    for (String name :
        List.of(
            "double_stream_modulation_img",
            "double_stream_modulation_txt",
            "single_stream_modulation")) {
      rules.to.layer(name + ".lin", name + ".linear");
    }
    rules.last();
    return rules.to.all();
  }

  private void blocks(int doubles, int singles) {
    for (int i = 0; i < doubles; i++) {
      String own = "double_blocks." + i + ".";
      String path = "transformer_blocks." + i + ".";
      stream(own, path, "img", IMAGE, "to_out.0", "ff", "norm1", "norm_", 1);
      stream(own, path, "txt", TEXT, "to_add_out", "ff_context", "norm1_context", "norm_added_", 2);
    }
    for (int i = 0; i < singles; i++) {
      single("single_blocks." + i + ".", "single_transformer_blocks." + i + ".");
    }
  }

  /// One of the two streams of a double block.
  ///
  /// @param xlabs its number in the names of XLabs' trainer (x-flux, `attention_processor.py`)
  private void stream(
      String own,
      String path,
      String name,
      List<String> attention,
      String out,
      String feedForward,
      String modulation,
      String norm,
      int xlabs) {
    String at = own + name;
    String processor = own + "processor.";
    to.qkv(at + "_attn.qkv", path + "attn.", attention, processor + "qkv_lora" + xlabs);
    to.layer(at + "_attn.proj", path + "attn." + out, processor + "proj_lora" + xlabs);
    norms(at + "_attn.norm.", path + "attn." + norm);
    to.layer(at + "_mlp.0", path + feedForward + (second ? ".linear_in" : ".net.0.proj"));
    to.layer(at + "_mlp.2", path + feedForward + (second ? ".linear_out" : ".net.2"));
    if (!second) {
      to.layer(at + "_mod.lin", path + modulation + ".linear");
    }
  }

  private void single(String own, String path) {
    if (second) {
      to.layer(own + "linear1", path + "attn.to_qkv_mlp_proj");
      to.layer(own + "linear2", path + "attn.to_out");
    } else {
      to.linear1(
          own + "linear1",
          List.of(path + "attn.to_q", path + "attn.to_k", path + "attn.to_v", path + "proj_mlp"));
      to.layer(own + "linear2", path + "proj_out");
      to.layer(own + "modulation.lin", path + "norm.linear");
    }
    norms(own + "norm.", path + "attn.norm_");
  }

  private void norms(String own, String path) {
    to.norm(own + "query_norm.scale", path + "q", Storage.PARAMETER, own + "query_norm");
    to.norm(own + "key_norm.scale", path + "k", Storage.PARAMETER, own + "key_norm");
  }

  private void embedder(String own, String path) {
    to.layer(own + ".in_layer", path + ".linear_1");
    to.layer(own + ".out_layer", path + ".linear_2");
  }

  private void last() {
    to.layer("final_layer.linear", "proj_out");
    to.swapped("final_layer.adaLN_modulation.1", "norm_out.linear");
  }
}
