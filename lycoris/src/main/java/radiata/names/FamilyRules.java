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
  private static final Map<Family, FamilyRules> MADE = new ConcurrentHashMap<>();

  /// A module's weight or bias as the tensor of a base.
  ///
  /// @param storage how that tensor stores it
  record Slot(ModuleNames module, boolean bias, Storage storage) {}

  /// A part of a base: tensors of `component` whose names start with `prefix`.
  private record Part(String component, String prefix, Role role) {}

  private final List<ModuleNames> modules;
  private final List<Part> parts;
  private final Map<Role, Map<String, List<Slot>>> tensors = new EnumMap<>(Role.class);
  private final Map<Role, Map<String, ModuleNames>> dotted = new EnumMap<>(Role.class);
  private final Map<Role, Map<String, ModuleNames>> flat = new EnumMap<>(Role.class);

  private FamilyRules(List<ModuleNames> modules) {
    this.modules = List.copyOf(modules);
    this.parts = parts(modules);
    modules.forEach(this::indexTensors);
    modules.forEach(this::indexNames);
  }

  static FamilyRules of(Family family) {
    return MADE.computeIfAbsent(family, f -> new FamilyRules(modulesOf(f)));
  }

  private static List<ModuleNames> modulesOf(Family family) {
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
      case SD3, FLUX, LLAMA, GPT2, GENERIC -> {
        return all;
      }
    }
    all.addAll(VaeRules.all());
    return all;
  }

  private static List<Part> parts(List<ModuleNames> modules) {
    List<Part> parts =
        new ArrayList<>(
            List.of(
                new Part("unet", "", Role.UNET),
                new Part("text_encoder", "", Role.TEXT_ENCODER),
                new Part("text_encoder_2", "", Role.TEXT_ENCODER_2),
                new Part("vae", "", Role.VAE)));
    modules.stream()
        .map(module -> new Part("", module.prefix(), module.role()))
        .distinct()
        .forEach(parts::add);
    parts.add(new Part("", "diffusion_model.", Role.UNET));
    parts.add(new Part("", "unet.", Role.UNET));
    parts.add(new Part("", "text_encoder.", Role.TEXT_ENCODER));
    parts.add(new Part("", "text_encoder_2.", Role.TEXT_ENCODER_2));
    parts.add(new Part("", "vae.", Role.VAE));
    parts.add(new Part("", "", Role.UNET));
    return List.copyOf(parts);
  }

  private void indexTensors(ModuleNames module) {
    // The checkpoint's own spelling comes first: where both spell a tensor alike, its storage
    // holds.
    indexTensor(module, module.ldm(), module.storage());
    indexTensor(module, module.path(), Storage.PLAIN);
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
    if (!module.storage().fused()) {
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

  /// The tensors of a complete checkpoint. Only fused weights have their true shape, the others are
  /// scalars: rules know names, not sizes.
  List<BaseTensor> checkpoint(long textWidth) {
    Map<String, BaseTensor> all = new LinkedHashMap<>();
    for (ModuleNames module : modules) {
      Shape shape = module.storage().fused() ? Shape.of(3 * textWidth) : Shape.SCALAR;
      String weight = module.checkpointWeight();
      all.put(weight, new BaseTensor("", weight, shape));
      String bias = module.checkpointBias();
      if (bias != null) {
        all.put(bias, new BaseTensor("", bias, shape));
      }
    }
    return List.copyOf(all.values());
  }
}
