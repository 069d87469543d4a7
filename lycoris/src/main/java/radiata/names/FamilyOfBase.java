package radiata.names;

import java.util.List;
import java.util.function.LongPredicate;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// Tells the family of a base: from its tensors' names, and from shapes where two families share
/// all names.
final class FamilyOfBase {
  private static final Pattern LLAMA =
      Pattern.compile(
          "(.*\\.)?layers\\.\\d+\\.(self_attn\\.(o_proj|q_proj|qkv_proj)|mlp\\.(gate_proj|down_proj|gate_up_proj))\\.weight");
  private static final Pattern CLIP = Pattern.compile("(.*\\.)?encoder\\.layers\\..*");
  private static final Pattern GPT2 =
      Pattern.compile("(transformer\\.)?h\\.\\d+\\.(attn\\.c_attn|attn\\.c_proj|mlp\\.c_fc|mlp\\.c_proj)\\.weight");
  private static final Pattern FLUX =
      Pattern.compile(
          "(.*\\.)?(double_blocks\\.\\d+\\.img_attn|single_blocks\\.\\d+\\.linear1|single_transformer_blocks\\.\\d+\\.proj_mlp)\\b.*");
  private static final Pattern SD3 =
      Pattern.compile("(.*\\.)?joint_blocks\\.\\d+\\.(x_block|context_block)\\..*");
  private static final Pattern UNET_BLOCK =
      Pattern.compile("(.*\\.)?(input_blocks|middle_block|output_blocks|down_blocks|mid_block|up_blocks)\\..*");
  private static final Pattern CROSS_ATTENTION =
      Pattern.compile(".*\\.attn2\\.to_[kv]\\.weight");

  private final List<BaseTensor> base;

  private FamilyOfBase(List<BaseTensor> base) {
    this.base = base;
  }

  static Family of(List<BaseTensor> base) {
    return new FamilyOfBase(base).family();
  }

  private Family family() {
    if (any(name -> name.startsWith("conditioner.embedders.1.model."))
        || any(name -> name.startsWith("conditioner.embedders.0.transformer."))) {
      return Family.SDXL;
    }
    if (any(name -> name.startsWith("conditioner.embedders.0.model."))) {
      return Family.SDXL_REFINER;
    }
    if (any(name -> name.startsWith("cond_stage_model.model."))) {
      return Family.SD2;
    }
    if (any(name -> name.startsWith("cond_stage_model.transformer."))) {
      return Family.SD1;
    }
    if (isUnet()) {
      return ofUnet();
    }
    if (any(FLUX)) {
      return Family.FLUX;
    }
    if (any(SD3)) {
      return Family.SD3;
    }
    if (any(name -> LLAMA.matcher(name).matches() && !CLIP.matcher(name).matches())) {
      return Family.LLAMA;
    }
    return any(GPT2) ? Family.GPT2 : Family.GENERIC;
  }

  /// Whether most of the denoiser is what a table has: other networks use some of the same names.
  private boolean isUnet() {
    long all = base.stream().filter(FamilyOfBase::mayBeUnet).count();
    long known = Math.max(known(Family.SD1), Math.max(known(Family.SDXL), known(Family.SDXL_REFINER)));
    return 2 * known > all
        && base.stream().filter(FamilyOfBase::mayBeUnet).anyMatch(
            tensor -> UNET_BLOCK.matcher(tensor.name()).matches());
  }

  private static boolean mayBeUnet(BaseTensor tensor) {
    return (tensor.component().equals("unet") || tensor.component().isEmpty())
        && !tensor.name().startsWith("first_stage_model.")
        && !Buffers.contains(tensor.name());
  }

  private long known(Family family) {
    FamilyRules rules = FamilyRules.of(family);
    return base.stream()
        .filter(FamilyOfBase::mayBeUnet)
        .filter(
            tensor ->
                rules.slots(tensor).stream().anyMatch(slot -> slot.module().role() == Role.UNET))
        .count();
  }

  private Family ofUnet() {
    boolean second = base.stream().anyMatch(tensor -> tensor.component().equals("text_encoder_2"));
    boolean first = base.stream().anyMatch(tensor -> tensor.component().equals("text_encoder"));
    if (second) {
      return first ? Family.SDXL : Family.SDXL_REFINER;
    }
    long sd = known(Family.SD1);
    long sdxl = known(Family.SDXL);
    long refiner = known(Family.SDXL_REFINER);
    boolean labels = any(name -> name.contains("label_emb.") || name.contains("add_embedding."));
    if (refiner > sdxl && refiner > sd || refiner >= sdxl && context(width -> width == 1280)) {
      return Family.SDXL_REFINER;
    }
    if (sdxl > sd || sdxl == sd && (labels || context(width -> width == 2048))) {
      return Family.SDXL;
    }
    boolean wide = context(width -> width == 1024) || textWidth(1024);
    return wide ? Family.SD2 : Family.SD1;
  }

  /// Whether the text that cross-attention reads has such a width.
  private boolean context(LongPredicate width) {
    return base.stream()
        .filter(tensor -> CROSS_ATTENTION.matcher(tensor.name()).matches())
        .anyMatch(tensor -> tensor.shape().rank() > 1 && width.test(tensor.shape().dim(1)));
  }

  private boolean textWidth(long width) {
    return base.stream()
        .filter(tensor -> tensor.component().equals("text_encoder"))
        .filter(tensor -> tensor.name().endsWith("token_embedding.weight"))
        .anyMatch(tensor -> tensor.shape().rank() == 2 && tensor.shape().dim(1) == width);
  }

  private boolean any(Predicate<String> condition) {
    return base.stream().map(BaseTensor::name).anyMatch(condition);
  }

  private boolean any(Pattern pattern) {
    return any(pattern.asMatchPredicate());
  }
}
