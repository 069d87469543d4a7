package radiata.names;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.Shape;

/// The modules of one family by rule, and the way back from every name to its module.
final class FamilyRules {
  /// @param depth the number of blocks, where a family's models differ in what their last one is
  private record Plan(Family family, int depth) {}

  private static final Map<Plan, FamilyRules> MADE = new ConcurrentHashMap<>();

  /// A module's weight or bias as the tensor of a base.
  ///
  /// @param storage how that tensor stores it
  record Slot(ModuleNames module, boolean bias, Storage storage) {}

  /// A part of a base: tensors of `component` whose names start with `prefix`.
  private record Part(String component, String prefix, Role role) {}

  private static final Map<Family, Long> WIDTHS =
      Map.of(Family.SD3, 1536L, Family.FLUX2, 6144L, Family.Z_IMAGE, 3840L);

  private static final String CLIP_L = "text_encoders.clip_l.transformer.";
  private static final String CLIP_G = "text_encoders.clip_g.transformer.";

  private final List<ModuleNames> modules;
  private final List<Part> parts;
  private final Map<Role, Map<String, List<Slot>>> tensors = new EnumMap<>(Role.class);
  private final Map<Role, Map<String, ModuleNames>> dotted = new EnumMap<>(Role.class);
  private final Map<Role, Map<String, ModuleNames>> flat = new EnumMap<>(Role.class);

  private FamilyRules(Family family, List<ModuleNames> modules) {
    this.modules = List.copyOf(modules);
    this.parts = parts(family, modules);
    modules.forEach(this::indexTensors);
    modules.forEach(this::indexNames);
  }

  /// The rules of a family's models of usual depth.
  static FamilyRules of(Family family) {
    return of(family, Sd3Rules.MEDIUM);
  }

  /// The rules for a base.
  static FamilyRules of(Family family, List<BaseTensor> base) {
    return family == Family.SD3 ? of(family, Sd3Rules.depth(base)) : of(family);
  }

  private static FamilyRules of(Family family, int depth) {
    return MADE.computeIfAbsent(
        new Plan(family, depth), plan -> new FamilyRules(family, modulesOf(family, depth)));
  }

  private static List<ModuleNames> modulesOf(Family family, int depth) {
    List<ModuleNames> all = new ArrayList<>();
    switch (family) {
      case SD1 -> {
        all.addAll(UnetRules.of(UnetPlan.SD));
        String prefix = "cond_stage_model.transformer.";
        all.addAll(ClipRules.huggingFace(Role.TEXT_ENCODER, prefix, 12));
      }
      case SD2 -> {
        all.addAll(UnetRules.of(UnetPlan.SD));
        all.addAll(ClipRules.openClip(Role.TEXT_ENCODER, "cond_stage_model.model.", 24));
      }
      case SDXL -> {
        all.addAll(UnetRules.of(UnetPlan.SDXL));
        String prefix = "conditioner.embedders.0.transformer.";
        all.addAll(ClipRules.huggingFace(Role.TEXT_ENCODER, prefix, 12));
        String second = "conditioner.embedders.1.model.";
        all.addAll(ClipRules.openClip(Role.TEXT_ENCODER_2, second, 32));
      }
      case SDXL_REFINER -> {
        all.addAll(UnetRules.of(UnetPlan.REFINER));
        String only = "conditioner.embedders.0.model.";
        all.addAll(ClipRules.openClip(Role.TEXT_ENCODER_2, only, 32));
      }
      case SD3 -> {
        all.addAll(Sd3Rules.of(depth));
        all.addAll(ClipRules.projected(Role.TEXT_ENCODER, CLIP_L, 12));
        all.addAll(ClipRules.projected(Role.TEXT_ENCODER_2, CLIP_G, 32));
        all.addAll(T5Rules.all());
      }
      case FLUX -> {
        all.addAll(FluxRules.flux());
        all.addAll(ClipRules.projected(Role.TEXT_ENCODER, CLIP_L, 12));
        all.addAll(T5Rules.all());
      }
      case CHROMA -> {
        all.addAll(FluxRules.chroma());
        all.addAll(T5Rules.all());
      }
      case FLUX2 -> {
        return FluxRules.flux2();
      }
      case Z_IMAGE -> {
        return ZImageRules.all();
      }
      case LUMINA2,
          QWEN_IMAGE,
          WAN,
          HUNYUAN_VIDEO,
          ANIMA,
          LLAMA,
          MISTRAL,
          QWEN2,
          QWEN3,
          GEMMA,
          PHI3,
          GPT2,
          GPT_NEOX,
          OPT,
          T5,
          BERT,
          GENERIC -> {
        return all;
      }
    }
    all.addAll(VaeRules.all());
    return all;
  }

  private static List<Part> parts(Family family, List<ModuleNames> modules) {
    // FLUX has CLIP-L and T5: diffusers counts T5 as its second text encoder.
    boolean shortOfOne = family == Family.FLUX || family == Family.CHROMA;
    Role second = shortOfOne ? Role.TEXT_ENCODER_3 : Role.TEXT_ENCODER_2;
    List<Part> parts =
        new ArrayList<>(
            List.of(
                new Part("unet", "", Role.UNET),
                new Part("transformer", "", Role.UNET),
                new Part("text_encoder", "", Role.TEXT_ENCODER),
                new Part("text_encoder_2", "", second),
                new Part("text_encoder_3", "", Role.TEXT_ENCODER_3),
                new Part("vae", "", Role.VAE)));
    if (family == Family.CHROMA) {
      parts.addFirst(new Part("text_encoder", "", Role.TEXT_ENCODER_3));
    }
    modules.stream()
        .map(module -> new Part("", module.prefix(), module.role()))
        .distinct()
        .forEach(parts::add);
    parts.add(new Part("", "diffusion_model.", Role.UNET));
    parts.add(new Part("", "unet.", Role.UNET));
    parts.add(new Part("", "transformer.", Role.UNET));
    parts.add(new Part("", "text_encoder.", Role.TEXT_ENCODER));
    parts.add(new Part("", "text_encoder_2.", second));
    parts.add(new Part("", "text_encoder_3.", Role.TEXT_ENCODER_3));
    parts.add(new Part("", "first_stage_model.", Role.VAE));
    parts.add(new Part("", "vae.", Role.VAE));
    parts.add(new Part("", "", Role.UNET));
    return List.copyOf(parts);
  }

  private void indexTensors(ModuleNames module) {
    // The checkpoint's own spelling comes first: where both spell a tensor alike, its storage
    // holds.
    indexTensor(module, module.ldm(), module.storage());
    if (module.parts().isEmpty()) {
      indexTensor(module, module.path(), Storage.PLAIN);
    }
    if (module.storage() == Storage.PARAMETER) {
      indexTensor(module, module.path(), Storage.PARAMETER);
    }
    module.also().forEach(path -> indexTensor(module, path, Storage.PLAIN));
  }

  private void indexTensor(ModuleNames module, String path, Storage storage) {
    put(module.role(), path + storage.weight(), new Slot(module, false, storage));
    if (module.biased()) {
      put(module.role(), path + storage.bias(), new Slot(module, true, storage));
    }
  }

  private void put(Role role, String tensor, Slot slot) {
    List<Slot> slots =
        tensors
            .computeIfAbsent(role, r -> new HashMap<>())
            .computeIfAbsent(tensor, t -> new ArrayList<>(1));
    if (slots.stream().noneMatch(known -> known.module().equals(slot.module()))) {
      slots.add(slot);
    }
  }

  private void indexNames(ModuleNames module) {
    name(module, module.path());
    if (!module.storage().shared()) {
      name(module, module.ldm());
    }
    module.also().forEach(path -> name(module, path));
  }

  private void name(ModuleNames module, String path) {
    for (String spelling : Spelling.of(path)) {
      names(dotted, module.role()).putIfAbsent(spelling, module);
      names(flat, module.role()).putIfAbsent(Spelling.flat(spelling), module);
    }
  }

  private static Map<String, ModuleNames> names(
      Map<Role, Map<String, ModuleNames>> index, Role role) {
    return index.computeIfAbsent(role, r -> new LinkedHashMap<>());
  }

  List<ModuleNames> modules() {
    return modules;
  }

  /// The modules that a tensor of a base belongs to: none, one, or the three of a fused weight.
  List<Slot> slots(BaseTensor tensor) {
    for (Part part : parts) {
      if (part.component().equals(tensor.component()) && tensor.name().startsWith(part.prefix())) {
        List<Slot> slots =
            tensors
                .getOrDefault(part.role(), Map.of())
                .get(tensor.name().substring(part.prefix().length()));
        if (slots != null) {
          return slots;
        }
      }
    }
    return List.of();
  }

  @Nullable ModuleNames dotted(Role role, String path) {
    return dotted.getOrDefault(role, Map.of()).get(path);
  }

  @Nullable ModuleNames flat(Role role, String path) {
    return flat.getOrDefault(role, Map.of()).get(path);
  }

  /// Every dotted name of a part with its module.
  Map<String, ModuleNames> dotted(Role role) {
    return dotted.getOrDefault(role, Map.of());
  }

  /// Every flattened name of a part with its module.
  Map<String, ModuleNames> flat(Role role) {
    return flat.getOrDefault(role, Map.of());
  }

  /// The tensors of a complete checkpoint. Only shared weights have their true shape, the others
  /// are scalars: rules know names, not sizes.
  List<BaseTensor> checkpoint(Family family) {
    Map<String, BaseTensor> all = new LinkedHashMap<>();
    for (ModuleNames module : modules) {
      String weight = module.checkpointWeight();
      Shape shape = module.storage().sharedShape(width(family, module.role()));
      all.putIfAbsent(weight, new BaseTensor("", weight, shape));
      String bias = module.checkpointBias();
      if (bias != null) {
        all.putIfAbsent(bias, new BaseTensor("", bias, Shape.SCALAR));
      }
    }
    return List.copyOf(all.values());
  }

  /// How wide the modules are that share a tensor.
  private static long width(Family family, Role role) {
    if (role != Role.UNET) {
      return family == Family.SD2 ? 1024 : 1280;
    }
    return WIDTHS.getOrDefault(family, 3072L);
  }
}
