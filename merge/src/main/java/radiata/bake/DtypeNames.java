package radiata.bake;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import radiata.safetensors.DType;

/// What users call the dtypes of an output.
public final class DtypeNames {
  /// Every tensor keeps its own.
  public static final String KEEP = "keep";

  private static final Map<String, DType> TYPES = types();

  private DtypeNames() {}

  private static Map<String, DType> types() {
    Map<String, DType> types = new LinkedHashMap<>();
    types.put("fp32", DType.F32);
    types.put("fp16", DType.F16);
    types.put("bf16", DType.BF16);
    types.put("fp8_e4m3", DType.F8_E4M3);
    types.put("fp8_e5m2", DType.F8_E5M2);
    return types;
  }

  /// All names, [#KEEP] first.
  public static List<String> all() {
    List<String> names = new ArrayList<>(TYPES.keySet());
    names.addFirst(KEEP);
    return names;
  }

  /// Empty for [#KEEP], and for what is no name.
  public static Optional<DType> named(String name) {
    return Optional.ofNullable(TYPES.get(name));
  }

  /// What is asked for; [#KEEP] for nothing.
  public static String of(Optional<DType> type) {
    return type.map(DtypeNames::of).orElse(KEEP);
  }

  private static String of(DType type) {
    return TYPES.entrySet().stream()
        .filter(entry -> entry.getValue() == type)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(type.name().toLowerCase(Locale.ROOT));
  }
}
