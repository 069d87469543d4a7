package radiata.cli.command;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import radiata.bake.DtypeNames;
import radiata.safetensors.DType;

/// The dtypes that users can ask for.
final class DTypes {
  static final String KEEP = DtypeNames.KEEP;
  static final Map<String, DType> BY_NAME = byName();

  private DTypes() {}

  private static Map<String, DType> byName() {
    Map<String, DType> types = new LinkedHashMap<>();
    DtypeNames.all()
        .forEach(name -> DtypeNames.named(name).ifPresent(type -> types.put(name, type)));
    return Collections.unmodifiableMap(types);
  }

  /// All of them, `keep` first.
  static List<String> names() {
    List<String> names = new ArrayList<>(BY_NAME.keySet());
    names.addFirst(KEEP);
    return names;
  }
}
