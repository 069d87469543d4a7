package radiata.names;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongPredicate;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import radiata.safetensors.Shape;

/// Tells the family of a base: from its tensors' names, and from shapes where two families share
/// all names.
final class FamilyOfBase {
  private static final Pattern UNET_BLOCK =
      Pattern.compile(
          "(^|\\.)(input_blocks|middle_block|output_blocks|down_blocks|mid_block|up_blocks)\\.");

  /// Attention of UNets that read no text: DDPM and its like share all other names with SD1.
  private static final Pattern PLAIN_ATTENTION =
      Pattern.compile(
          "_blocks?\\.(\\d+\\.)?attentions\\.\\d+\\.(to_q|query|group_norm)\\.|_blocks?(\\.\\d+)+\\.qkv\\.");

  private static final Pattern OTHER_PART =
      Pattern.compile("^(first_stage_model|vae|text_encoder(_\\d)?|text_encoders)\\.");
  private static final Pattern CROSS_ATTENTION = Pattern.compile("\\.attn2\\.to_[kv]\\.weight$");

  private static final String WEIGHT = ".weight";

  private final List<BaseTensor> base;
  private final Optional<String> modelType;

  private FamilyOfBase(List<BaseTensor> base, Optional<String> modelType) {
    this.base = base;
    this.modelType = modelType;
  }

  /// @param modelType what the base's `config.json` says it is, where it has one
  static Family of(List<BaseTensor> base, Optional<String> modelType) {
    return new FamilyOfBase(base, modelType).family();
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
    Map<String, Shape> shapes = flat();
    Optional<Family> transformer =
        TransformerNames.of(shapes.keySet(), name -> shapes.getOrDefault(name, Shape.SCALAR));
    return transformer.orElseGet(this::language);
  }

  /// Every module's flattened name with the shape of its weight.
  private Map<String, Shape> flat() {
    Map<String, Shape> shapes = new HashMap<>();
    for (BaseTensor tensor : base) {
      if (tensor.name().endsWith(WEIGHT)) {
        shapes.put(Spelling.flat(module(tensor)), tensor.shape());
      }
    }
    return shapes;
  }

  private static String module(BaseTensor tensor) {
    return tensor.name().substring(0, tensor.name().length() - WEIGHT.length());
  }

  /// A language model, outside a pipeline, where it would be the text encoder.
  private Family language() {
    Set<String> names = new HashSet<>();
    boolean queryBias = false;
    for (BaseTensor tensor : base) {
      if (tensor.component().isEmpty() && tensor.name().endsWith(WEIGHT)) {
        names.add(Spelling.flat(module(tensor)));
      }
      queryBias |= tensor.name().endsWith(".self_attn.q_proj.bias");
    }
    Family family =
        modelType
            .flatMap(LanguageNames::ofType)
            .or(() -> LanguageNames.of(names))
            .orElse(Family.GENERIC);
    boolean outputBias = any(name -> name.endsWith(".self_attn.o_proj.bias"));
    boolean text = any(name -> name.contains("encoder.layers."));
    if (family == Family.LLAMA && modelType.isEmpty()) {
      if (text) {
        return Family.GENERIC;
      }
      return queryBias && !outputBias ? Family.QWEN2 : Family.LLAMA;
    }
    return family;
  }

  /// Whether most of the denoiser is what a table has: other networks use some of the same names.
  private boolean isUnet() {
    if (!unet(UNET_BLOCK) || unet(PLAIN_ATTENTION)) {
      return false;
    }
    long all = base.stream().filter(FamilyOfBase::mayBeUnet).count();
    long known =
        Math.max(known(Family.SD1), Math.max(known(Family.SDXL), known(Family.SDXL_REFINER)));
    return 2 * known > all;
  }

  private boolean unet(Pattern pattern) {
    return base.stream()
        .filter(FamilyOfBase::mayBeUnet)
        .anyMatch(tensor -> pattern.matcher(tensor.name()).find());
  }

  private static boolean mayBeUnet(BaseTensor tensor) {
    return (tensor.component().equals("unet") || tensor.component().isEmpty())
        && !OTHER_PART.matcher(tensor.name()).find()
        && !Buffers.contains(tensor.name());
  }

  private long known(Family family) {
    FamilyRules rules = FamilyRules.of(family);
    return base.stream()
        .filter(FamilyOfBase::mayBeUnet)
        .filter(tensor ->
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
    if (refiner > Math.max(sd, sdxl) || (refiner >= sdxl && context(width -> width == 1280))) {
      return Family.SDXL_REFINER;
    }
    if (sdxl > sd || (sdxl == sd && (labels || context(width -> width == 2048)))) {
      return Family.SDXL;
    }
    boolean wide = context(width -> width == 1024) || textWidth(1024);
    return wide ? Family.SD2 : Family.SD1;
  }

  /// Whether the text that cross-attention reads has such a width.
  private boolean context(LongPredicate width) {
    return base.stream()
        .filter(tensor -> CROSS_ATTENTION.matcher(tensor.name()).find())
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
}
