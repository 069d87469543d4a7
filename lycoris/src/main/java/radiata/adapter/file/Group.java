package radiata.adapter.file;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.TensorInfo;

/// The tensors of one module, by the part each plays.
final class Group {
  private final String name;
  private boolean grows;
  private final Map<String, TensorInfo> parts = new LinkedHashMap<>();

  Group(String name) {
    this.name = name;
  }

  /// Marks it as one whose weight takes the shape of its factors, though no tensor says so.
  void grow() {
    grows = true;
  }

  boolean grows() {
    return grows;
  }

  String name() {
    return name;
  }

  /// The tensor that plays this part already, if there is one; the new one is then not taken.
  @Nullable TensorInfo add(String part, TensorInfo tensor) {
    return parts.putIfAbsent(part, tensor);
  }

  @Nullable TensorInfo part(String part) {
    return parts.get(part);
  }

  Set<String> parts() {
    return parts.keySet();
  }

  /// By part, in the order of the file.
  SequencedMap<String, TensorInfo> inOrder() {
    SequencedMap<String, TensorInfo> sorted = new LinkedHashMap<>();
    parts.entrySet().stream()
        .sorted(
            Comparator.comparingLong((Map.Entry<String, TensorInfo> e) -> e.getValue().begin())
                .thenComparing(e -> e.getValue().name()))
        .forEach(e -> sorted.put(e.getKey(), e.getValue()));
    return sorted;
  }

  /// In the order of the file.
  List<TensorInfo> tensors() {
    return List.copyOf(inOrder().values());
  }
}
