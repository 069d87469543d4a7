package radiata.names;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import radiata.safetensors.Shape;

/// What is known about families without a base at hand.
public final class Families {
  private static final Pattern UNET =
      block(
          "(down_blocks|up_blocks|mid_block|input_blocks|middle_block|output_blocks)_\\d|mid_block_");
  private static final Pattern CROSS_ATTENTION = Pattern.compile(".*_attn2_to_[kv]");
  private static final Pattern SDXL =
      block(
          "(down_blocks|up_blocks|mid_block|input_blocks|middle_block|output_blocks)_.*transformer_blocks_[1-9].*"
              + "|label_emb_|add_embedding_");
  private static final Pattern SD =
      block(
          "(down_blocks_0_attentions|down_blocks_3|up_blocks_3|input_blocks_[12]_1_|output_blocks_9_|input_blocks_1[01]_|output_blocks_1[01]_)");
  private static final Pattern CLIP = block("encoder_layers_\\d+_(self_attn|mlp)_");
  private static final Pattern SECOND_CLIP = Pattern.compile("(lora_te2_|text_encoder_2_).*");
  private static final Pattern T5 = block("encoder_block_\\d+_layer_\\d_");
  private static final Pattern CLIP_QUERY =
      Pattern.compile(".*encoder_layers_\\d+_self_attn_[qkv]_proj");

  private Families() {}

  private static Pattern block(String names) {
    return Pattern.compile("(.*_)?(" + names + ").*");
  }

  /// The modules of a family by rule, in checkpoint order; empty for a family without a table.
  public static List<ModuleNames> modules(Family family) {
    return FamilyRules.of(family).modules();
  }

  /// The family that an adapter was made for, from the names of its modules and from the widths of
  /// the text that cross-attention reads: 768 for SD1, 1024 for SD2, 2048 for SDXL.
  ///
  /// @param madeFor the shape of the weight that a module was made for, `[out, in]`; a scalar where
  ///   the file does not tell
  public static Family guess(Collection<String> modules, Function<String, Shape> madeFor) {
    Map<String, String> flat = new HashMap<>();
    modules.forEach(module -> flat.putIfAbsent(flat(module), module));
    Set<String> names = flat.keySet();
    Function<String, Shape> shape =
        name -> {
          String module = flat.get(name);
          return module == null ? Shape.SCALAR : madeFor.apply(module);
        };
    Optional<Family> transformer = TransformerNames.of(names, shape);
    if (transformer.isPresent()) {
      return transformer.get();
    }
    if (any(names, UNET)) {
      return ofUnet(names, modules, madeFor);
    }
    if (any(names, CLIP) || any(names, SECOND_CLIP)) {
      return ofText(names, modules, madeFor);
    }
    // Behind kohya's prefixes such layers are those of a text encoder.
    return LanguageNames.of(
            names.stream().filter(name -> !name.startsWith("lora_")).collect(Collectors.toSet()))
        .orElse(Family.GENERIC);
  }

  private static Family ofUnet(
      Set<String> names, Collection<String> modules, Function<String, Shape> madeFor) {
    Set<Long> widths = widths(modules, madeFor, CROSS_ATTENTION);
    if (widths.contains(2048L)) {
      return Family.SDXL;
    }
    if (widths.contains(1280L)) {
      return Family.SDXL_REFINER;
    }
    if (widths.contains(1024L)) {
      return Family.SD2;
    }
    if (widths.contains(768L)) {
      return Family.SD1;
    }
    if (any(names, SECOND_CLIP) || any(names, SDXL)) {
      return Family.SDXL;
    }
    Family text = any(names, CLIP) ? ofText(names, modules, madeFor) : Family.GENERIC;
    if (text != Family.GENERIC) {
      return text;
    }
    if (any(names, SD)) {
      return Family.SD1;
    }
    // kohya's scripts use the LDM names of a UNet for SDXL alone.
    return names.stream().anyMatch(name -> name.matches("lora_unet_(in|out)put_blocks_.*"))
        ? Family.SDXL
        : Family.GENERIC;
  }

  private static Family ofText(
      Set<String> names, Collection<String> modules, Function<String, Shape> madeFor) {
    if (any(names, T5)) {
      // Beside CLIP-L alone T5 is that of FLUX, which OneTrainer and diffusers count as the second.
      boolean three = names.stream().anyMatch(n -> n.contains("te3_") || n.contains("encoder_3_"));
      return three ? Family.GENERIC : Family.FLUX;
    }
    if (any(names, SECOND_CLIP)) {
      return Family.SDXL;
    }
    if (names.stream().noneMatch(name -> name.startsWith("lora_te_"))) {
      return Family.GENERIC;
    }
    Set<Long> widths = widths(modules, madeFor, CLIP_QUERY);
    if (widths.contains(1024L)) {
      return Family.SD2;
    }
    return widths.contains(768L) ? Family.SD1 : Family.GENERIC;
  }

  private static Set<Long> widths(
      Collection<String> modules, Function<String, Shape> madeFor, Pattern of) {
    return modules.stream()
        .filter(module -> of.matcher(flat(module)).matches())
        .map(madeFor)
        .filter(shape -> shape.rank() > 1)
        .map(shape -> shape.dim(1))
        .collect(Collectors.toSet());
  }

  private static String flat(String module) {
    return Spelling.flat(Spelling.modern(module));
  }

  private static boolean any(Set<String> names, Pattern pattern) {
    return names.stream().anyMatch(name -> pattern.matcher(name).matches());
  }
}
