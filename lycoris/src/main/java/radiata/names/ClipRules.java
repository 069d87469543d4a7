package radiata.names;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// The modules of CLIP text encoders: transformers' `CLIPTextModel` and OpenCLIP's text tower.
final class ClipRules {
  private static final OptionalInt BASE = OptionalInt.of(0);
  private static final String TEXT_MODEL = "text_model.";

  private final Role role;
  private final String prefix;
  private final boolean openClip;
  private final boolean projection;
  private final List<ModuleNames> modules = new ArrayList<>();

  private ClipRules(Role role, String prefix, boolean openClip, boolean projection) {
    this.role = role;
    this.prefix = prefix;
    this.openClip = openClip;
    this.projection = projection;
  }

  /// A text encoder that checkpoints store under transformers' own names.
  static List<ModuleNames> huggingFace(Role role, String prefix, int layers) {
    return new ClipRules(role, prefix, false, false).all(layers);
  }

  /// The same with its projection: transformers' `CLIPTextModelWithProjection`.
  static List<ModuleNames> projected(Role role, String prefix, int layers) {
    return new ClipRules(role, prefix, false, true).all(layers);
  }

  /// A text encoder that checkpoints store as OpenCLIP has it.
  static List<ModuleNames> openClip(Role role, String prefix, int layers) {
    return new ClipRules(role, prefix, true, true).all(layers);
  }

  private List<ModuleNames> all(int layers) {
    String embeddings = "text_model.embeddings.";
    add("token_embedding", embeddings + "token_embedding", Storage.PLAIN, false);
    add("positional_embedding", embeddings + "position_embedding", Storage.PARAMETER, false);
    for (int n = 0; n < layers; n++) {
      layer("transformer.resblocks." + n + ".", "text_model.encoder.layers." + n + ".");
    }
    add("ln_final", "text_model.final_layer_norm", Storage.PLAIN, true);
    if (projection) {
      add("text_projection", "text_projection", Storage.TRANSPOSED, false);
    }
    return modules;
  }

  private void layer(String open, String path) {
    add(open + "ln_1", path + "layer_norm1", Storage.PLAIN, true);
    add(open + "ln_2", path + "layer_norm2", Storage.PLAIN, true);
    attention(open + "attn.in_proj", path, "q_proj", Storage.FUSED_Q);
    attention(open + "attn.in_proj", path, "k_proj", Storage.FUSED_K);
    attention(open + "attn.in_proj", path, "v_proj", Storage.FUSED_V);
    attention(open + "attn.out_proj", path, "out_proj", Storage.PLAIN);
    add(open + "mlp.c_fc", path + "mlp.fc1", Storage.PLAIN, true);
    add(open + "mlp.c_proj", path + "mlp.fc2", Storage.PLAIN, true);
  }

  /// Diffusers once named the projections of a text encoder as it names a UNet's (`to_q_lora`).
  private void attention(String open, String layer, String name, Storage storage) {
    String path = layer + "self_attn." + name;
    String old = layer + "self_attn.to_" + name.substring(0, name.indexOf('_'));
    add(open, path, storage, true, List.of(old));
  }

  private void add(String open, String path, Storage storage, boolean biased) {
    add(open, path, storage, biased, List.of());
  }

  /// Older transformers and some merges lack the `text_model.` level.
  private void add(String open, String path, Storage storage, boolean biased, List<String> old) {
    List<String> also = new ArrayList<>(old);
    if (path.startsWith(TEXT_MODEL)) {
      also.add(path.substring(TEXT_MODEL.length()));
      old.forEach(name -> also.add(name.substring(TEXT_MODEL.length())));
    }
    modules.add(
        new ModuleNames(
            role,
            prefix,
            openClip ? open : path,
            path,
            openClip ? storage : Storage.PLAIN,
            biased,
            BASE,
            also));
  }
}
