package radiata.names;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import radiata.safetensors.Shape;

/// Tells the families of diffusion transformers by their modules' names, dots flattened, and by
/// widths where two families share names. Serves bases and adapters.
final class TransformerNames {
  private static final Pattern BFL =
      block(
          "double_blocks_\\d+_(img_|txt_|(processor_)?(qkv|proj)_lora)"
              + "|single_blocks_\\d+_(linear|modulation|(processor_)?(qkv|proj)_lora)"
              + "|single_transformer_blocks_\\d");
  private static final Pattern FLUX2 =
      block("(double_stream_modulation|single_stream_modulation)_|to_qkv_mlp_proj");
  private static final Pattern HUNYUAN =
      block(
          "token_refiner_|double_blocks_\\d+_(img|txt)_(mlp_fc|mod_linear)"
              + "|single_blocks_\\d+_modulation_linear");
  private static final Pattern CHROMA = block("distilled_guidance_layer_");

  /// Control networks beside FLUX, and AuraFlow.
  private static final Pattern STRANGER =
      block("controlnet_(blocks|single_blocks|x_embedder)_|joint_transformer_blocks_");

  private static final Pattern MMDIT = block("joint_blocks_\\d+_(x|context)_block");
  private static final Pattern CONTEXT =
      block("transformer_blocks_\\d+_(ff_context|norm1_context)_");
  private static final Pattern QWEN_IMAGE = block("transformer_blocks_\\d+_(img|txt)_(mlp|mod)_");
  private static final Pattern ANIMA =
      block(
          "blocks_\\d+_((self|cross)_attn_([qkv]|output)_proj|adaln_modulation_)|llm_adapter_blocks_");
  private static final Pattern WAN =
      block(
          "blocks_\\d+_((self|cross)_attn_([qkvo]|[kv]_img)$|ffn_[02]$|ffn_net_)"
              + "|(?<!transformer_)blocks_\\d+_attn[12]_(to|add)_[qkv]");
  private static final Pattern LUMINA =
      block(
          "(layers|noise_refiner|context_refiner)_\\d+_"
              + "(attention_(qkv|out|to_[qkv]|to_out_0)$|feed_forward_w[123]$|adaLN_modulation_\\d)");

  private static final Pattern LINEAR1 = block("single_blocks_\\d+_linear1$");
  private static final Pattern MLP = block("double_blocks_\\d+_(img|txt)_mlp_0$");
  private static final Pattern ATTENTION =
      block("(attn|attention)_(qkv|proj|out|to_[qkv]|to_out_0|add_[qkv]_proj|to_add_out)$");

  private TransformerNames() {}

  private static Pattern block(String names) {
    return Pattern.compile("(?:^|_)(?:" + names + ")");
  }

  /// The family; empty where nothing says that it is one of these, [Family#GENERIC] where the names
  /// only look like one.
  ///
  /// @param madeFor the weight's shape `[out, in]` for a flattened name; a scalar where it is not
  ///   known
  static Optional<Family> of(Collection<String> names, Function<String, Shape> madeFor) {
    if (any(names, STRANGER)) {
      return Optional.of(Family.GENERIC);
    }
    if (any(names, BFL)) {
      return Optional.of(ofBfl(names, madeFor));
    }
    if (any(names, MMDIT)) {
      return Optional.of(Family.SD3);
    }
    if (any(names, CONTEXT)) {
      // A file that leaves out the single blocks of FLUX.
      boolean wide = shapes(names, ATTENTION, madeFor).stream().anyMatch(s -> s.dim(1) == 3072);
      return Optional.of(wide ? Family.FLUX : Family.SD3);
    }
    if (any(names, QWEN_IMAGE)) {
      return Optional.of(Family.QWEN_IMAGE);
    }
    if (any(names, ANIMA)) {
      return Optional.of(Family.ANIMA);
    }
    if (any(names, WAN)) {
      return Optional.of(Family.WAN);
    }
    if (any(names, LUMINA)) {
      boolean narrow = shapes(names, ATTENTION, madeFor).stream().anyMatch(s -> s.dim(1) == 2304);
      return Optional.of(narrow ? Family.LUMINA2 : Family.Z_IMAGE);
    }
    return Optional.empty();
  }

  private static Family ofBfl(Collection<String> names, Function<String, Shape> madeFor) {
    if (any(names, FLUX2)) {
      return Family.FLUX2;
    }
    if (any(names, HUNYUAN)) {
      return Family.HUNYUAN_VIDEO;
    }
    if (any(names, CHROMA)) {
      return Family.CHROMA;
    }
    // FLUX.2 has a gated MLP of three times its width: 3 + 6 rows where FLUX.1 has 3 + 4.
    boolean gated =
        shapes(names, LINEAR1, madeFor).stream().anyMatch(s -> s.dim(0) == 9 * s.dim(1))
            || shapes(names, MLP, madeFor).stream().anyMatch(s -> s.dim(0) == 6 * s.dim(1));
    boolean wide =
        shapes(names, ATTENTION, madeFor).stream()
            .anyMatch(s -> s.dim(1) == 4096 || s.dim(1) == 6144);
    return gated || wide ? Family.FLUX2 : Family.FLUX;
  }

  private static List<Shape> shapes(
      Collection<String> names, Pattern pattern, Function<String, Shape> madeFor) {
    return names.stream()
        .filter(name -> pattern.matcher(name).find())
        .map(madeFor)
        .filter(shape -> shape.rank() > 1)
        .toList();
  }

  private static boolean any(Collection<String> names, Pattern pattern) {
    return names.stream().anyMatch(name -> pattern.matcher(name).find());
  }
}
