package radiata.bake;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;

/// The weights of a model in ComfyUI's scaled fp8: codes that count only together with one number
/// for each layer, `weight = code * scale`. Two spellings are in use: `<layer>.scale_weight` beside
/// a marker `scaled_fp8` (ComfyUI 0.3), and `<layer>.weight_scale` beside `<layer>.comfy_quant`
/// (its `convert_old_quants` makes the second of the first).
///
/// @param scales the scale of each such weight
/// @param companions what has no meaning without them: scales, also of inputs, and markers
record ScaledFp8(Map<Stored, Stored> scales, Set<Stored> companions) {
  private static final String WEIGHT = ".weight";
  private static final List<String> SCALES = List.of(".scale_weight", ".weight_scale");
  private static final List<String> BESIDE =
      List.of(".scale_input", ".input_scale", ".comfy_quant");
  private static final String MARKER = "scaled_fp8";

  /// The metadata by which the second spelling may name its layers.
  static final String METADATA = "_quantization_metadata";

  static ScaledFp8 of(Checkpoint base) {
    Map<Stored, Stored> scales = new HashMap<>();
    Set<Stored> companions = new HashSet<>();
    for (Stored stored : base.tensors()) {
      if (fp8(stored) && stored.name().endsWith(WEIGHT)) {
        Optional<Stored> scale = scale(base, stored);
        scale.ifPresent(found -> scales.put(stored, found));
      }
    }
    if (!scales.isEmpty()) {
      companions.addAll(scales.values());
      for (Stored stored : base.tensors()) {
        if (beside(stored.name())) {
          companions.add(stored);
        }
      }
    }
    return new ScaledFp8(scales, companions);
  }

  private static boolean fp8(Stored stored) {
    return stored.info().dtype() == DType.F8_E4M3 || stored.info().dtype() == DType.F8_E5M2;
  }

  private static boolean beside(String name) {
    return name.equals(MARKER)
        || name.endsWith("." + MARKER)
        || BESIDE.stream().anyMatch(name::endsWith)
        || SCALES.stream().anyMatch(name::endsWith);
  }

  /// @throws BakeException if there is a scale that is not one number for the whole weight
  private static Optional<Stored> scale(Checkpoint base, Stored weight) {
    String layer = weight.name().substring(0, weight.name().length() - WEIGHT.length());
    for (String suffix : SCALES) {
      Optional<Stored> found = base.tensor(weight.component(), layer + suffix);
      if (found.isPresent()) {
        Stored scale = found.get();
        if (scale.info().shape().elements() != 1 || !scale.info().dtype().computable()) {
          throw new BakeException(
              scale.part().file().path(),
              scale.name(),
              "a block-quantised model: %s is %s %s, not one number for %s; take the unquantised model"
                  .formatted(
                      scale.name(), scale.info().dtype(), scale.info().shape(), weight.name()));
        }
        return found;
      }
    }
    return Optional.empty();
  }
}
