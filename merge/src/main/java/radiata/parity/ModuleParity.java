package radiata.parity;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeSet;
import radiata.adapter.file.AdapterModule;

/// One module of the adapter under every runtime that takes the file.
///
/// @param tensors the base's tensors it changes
/// @param change how far the definition takes the weight from the base
/// @param pairwise the largest difference between any two runtimes, the definition among them
/// @param departures by the runtime's name
public record ModuleParity(
    AdapterModule module,
    List<String> tensors,
    Gap change,
    double pairwise,
    SequencedMap<String, Departure> departures) {
  public ModuleParity {
    tensors = List.copyOf(tensors);
    departures = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(departures));
  }

  /// The module with another part of it.
  ModuleParity plus(ModuleParity part) {
    SequencedMap<String, Departure> all = new LinkedHashMap<>(departures);
    for (Map.Entry<String, Departure> each : part.departures.entrySet()) {
      all.merge(each.getKey(), each.getValue(), Departure::plus);
    }
    TreeSet<String> names = new TreeSet<>(tensors);
    names.addAll(part.tensors);
    return new ModuleParity(
        module,
        List.copyOf(names),
        change.plus(part.change),
        Math.max(pairwise, part.pairwise),
        all);
  }

  /// Whether every runtime computes the same but for rounding.
  public boolean agrees() {
    return departures.values().stream()
        .allMatch(each -> each.verdict().compareTo(Verdict.ROUNDING) <= 0);
  }
}
