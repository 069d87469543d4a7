package radiata.train.replay;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;

/// Compares what is computed with the records of a pack, and knows which were never reached.
final class Comparison {
  private final Pack pack;
  private final Given expected;
  private final List<Deviation> deviations = new ArrayList<>();
  private final Set<String> reached = new HashSet<>();

  /// @param expected the records, in float64
  Comparison(Pack pack, Given expected) {
    this.pack = pack;
    this.expected = expected;
  }

  boolean has(String name) {
    return expected.has(name);
  }

  List<String> records() {
    return expected.names();
  }

  /// The names of the records that start so, without that start.
  List<String> names(String prefix) {
    return records().stream()
        .filter(name -> name.startsWith(prefix))
        .map(name -> name.substring(prefix.length()))
        .toList();
  }

  double[] record(String name) {
    try (Scope _ = Scope.open()) {
      return expected.tensor(name).doubles();
    }
  }

  /// The first dimension of a record.
  int size(String name) {
    try (Scope _ = Scope.open()) {
      return Math.toIntExact(expected.tensor(name).size(0));
    }
  }

  long[] wholeRecord(String name) {
    try (Scope _ = Scope.open()) {
      return expected.tensor(name).longs();
    }
  }

  /// The largest distance of a tensor from its record, if there is one and it has a tolerance of
  /// that name.
  void tensor(String name, Tensor found, String tolerance) {
    pack.tolerance(tolerance).ifPresent(allowed -> tensor(name, found, allowed));
  }

  /// The same where the tolerance is known.
  void tensor(String name, Tensor found, double allowed) {
    if (has(name)) {
      try (Scope _ = Scope.open()) {
        tensor(name, found, expected.tensor(name), allowed);
      }
    }
  }

  /// The largest distance of the first samples of a batch from their record, which may have fewer.
  void samples(String name, Tensor found, String tolerance) {
    if (!has(name)) {
      return;
    }
    try (Scope _ = Scope.open()) {
      long recorded = Math.min(size(name), found.size(0));
      tensor(name, found.slice(0, 0, recorded), tolerance);
    }
  }

  /// The largest distance of two tensors; infinite if their shapes differ.
  void tensor(String name, Tensor found, Tensor record, double allowed) {
    boolean alike = found.shape().equals(record.shape());
    add(
        name,
        alike ? largest(found.doubles(), record.doubles()) : Double.POSITIVE_INFINITY,
        allowed);
  }

  /// The largest distance of any two numbers; infinite where one of them is none.
  ///
  /// @param found of which the record may have the first part only
  static double largest(double[] found, double[] record) {
    double most = record.length > found.length ? Double.POSITIVE_INFINITY : 0;
    for (int i = 0; i < Math.min(record.length, found.length); i++) {
      double distance = Math.abs(found[i] - record[i]);
      most = Double.isNaN(distance) ? Double.POSITIVE_INFINITY : Math.max(most, distance);
    }
    return most;
  }

  /// The norm of the difference of all tensors together, relative to the norm of the record.
  ///
  /// @param prefix of the names in the record
  void relative(String what, String prefix, Map<String, double[]> found, String tolerance) {
    Optional<Double> allowed = pack.tolerance(tolerance);
    if (allowed.isEmpty()) {
      return;
    }
    double difference = 0;
    double norm = 0;
    for (Map.Entry<String, double[]> one : found.entrySet()) {
      reached.add(prefix + one.getKey());
      double[] record = record(prefix + one.getKey());
      for (int i = 0; i < record.length; i++) {
        double d = one.getValue()[i] - record[i];
        difference += d * d;
        norm += record[i] * record[i];
      }
    }
    double relative =
        difference == 0 ? 0 : norm == 0 ? Double.POSITIVE_INFINITY : Math.sqrt(difference / norm);
    add(what, Double.isNaN(relative) ? Double.POSITIVE_INFINITY : relative, allowed.get());
  }

  void add(String name, double found, double allowed) {
    reached.add(name);
    deviations.add(new Deviation(name, found, allowed));
  }

  /// Those that something was compared with.
  List<Deviation> deviations() {
    return List.copyOf(deviations);
  }

  /// All of them; a record that nothing was compared with is infinitely far.
  List<Deviation> all() {
    for (String record : records()) {
      if (!reached.contains(record)) {
        add(record, Double.POSITIVE_INFINITY, 0);
      }
    }
    return deviations();
  }
}
