package radiata.cli.command;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.safetensors.DType;

/// The dtypes that users can ask for.
final class DTypes {
  static final String KEEP = "keep";
  static final Map<String, DType> BY_NAME = byName();

  private DTypes() {}

  private static Map<String, DType> byName() {
    Map<String, DType> types = new LinkedHashMap<>();
    types.put("fp32", DType.F32);
    types.put("fp16", DType.F16);
    types.put("bf16", DType.BF16);
    types.put("fp8_e4m3", DType.F8_E4M3);
    types.put("fp8_e5m2", DType.F8_E5M2);
    return Collections.unmodifiableMap(types);
  }

  /// What a user would have written for it.
  static String name(Optional<DType> type) {
    return BY_NAME.entrySet().stream()
        .filter(entry -> type.filter(entry.getValue()::equals).isPresent())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(KEEP);
  }

  /// All of them, `keep` first.
  static List<String> names() {
    List<String> names = new ArrayList<>(BY_NAME.keySet());
    names.addFirst(KEEP);
    return names;
  }
}
