package radiata.parity;

import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;

/// One runtime over all modules.
///
/// @param counts how many modules have each verdict
/// @param maxAbs the largest distance from the definition; NaN where a weight is not a number
/// @param relative the norm of the distance over that of the whole change
/// @param worst the module with the largest distance; empty where there is none
/// @param because what the runtime does otherwise, and in how many modules, the most frequent first
public record Summary(
    Map<Verdict, Integer> counts,
    double maxAbs,
    double relative,
    Optional<ModuleParity> worst,
    SequencedMap<String, Integer> because) {

  /// Sums a runtime up.
  ///
  /// @param runtime one that takes the file
  public static Summary of(ParityReport report, String runtime) {
    Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);
    Map<String, Integer> reasons = new LinkedHashMap<>();
    Gap gap = Gap.NONE;
    Gap change = Gap.NONE;
    ModuleParity worst = null;
    double most = 0;
    for (ModuleParity module : report.modules()) {
      Departure departure = Objects.requireNonNull(module.departures().get(runtime));
      counts.merge(departure.verdict(), 1, Integer::sum);
      departure.because().forEach(why -> reasons.merge(why, 1, Integer::sum));
      gap = gap.plus(departure.gap());
      change = change.plus(module.change());
      if (Double.compare(departure.gap().maxAbs(), most) > 0) {
        most = departure.gap().maxAbs();
        worst = module;
      }
    }
    SequencedMap<String, Integer> sorted = new LinkedHashMap<>();
    List<Map.Entry<String, Integer>> entries =
        reasons.entrySet().stream()
            .sorted(Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder()))
            .toList();
    entries.forEach(entry -> sorted.put(entry.getKey(), entry.getValue()));
    return new Summary(counts, most, gap.of(change), Optional.ofNullable(worst), sorted);
  }

  public int count(Verdict verdict) {
    return counts.getOrDefault(verdict, 0);
  }

  /// The worst verdict of a module.
  public Verdict verdict() {
    return counts.keySet().stream().max(Comparator.naturalOrder()).orElse(Verdict.SAME);
  }
}
