package radiata.train.replay;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;

/// Compares what is computed with the records of a pack, and knows which were never reached.
final class Comparison {
  private final PipelinePack pack;
  private final List<Deviation> deviations = new ArrayList<>();
  private final Set<String> seen = new HashSet<>();

  Comparison(PipelinePack pack) {
    this.pack = pack;
  }

  /// Takes the largest difference between a tensor and its record, if there is one of that name.
  void tensor(String name, Tensor found, double tolerance) {
    if (pack.expects(name)) {
      tensor(name, found, pack.expected(name), tolerance);
    }
  }

  void tensor(String name, Tensor found, Tensor record, double tolerance) {
    try (Scope _ = Scope.open()) {
      double far =
          found.shape().equals(record.shape())
              ? furthest(found.doubles(), record.doubles())
              : Double.POSITIVE_INFINITY;
      add(name, far, tolerance);
    }
  }

  void add(String name, double far, double tolerance) {
    seen.add(name);
    deviations.add(new Deviation(name, far, tolerance));
  }

  /// The largest difference; infinite if one of them is not a number and the other is.
  static double furthest(double[] found, double[] record) {
    double most = 0;
    for (int i = 0; i < found.length; i++) {
      double far = Math.abs(found[i] - record[i]);
      most = Math.max(most, Double.isNaN(far) ? Double.POSITIVE_INFINITY : far);
    }
    return most;
  }

  static double largest(Tensor tensor) {
    double most = 0;
    for (double value : tensor.doubles()) {
      most = Math.max(most, Math.abs(value));
    }
    return most;
  }

  /// Those that something was compared with.
  List<Deviation> reached() {
    return List.copyOf(deviations);
  }

  /// All of them; a record that nothing was compared with is infinitely far.
  List<Deviation> all() {
    for (String record : pack.records()) {
      if (!seen.contains(record)) {
        add(record, Double.POSITIVE_INFINITY, 0);
      }
    }
    return List.copyOf(deviations);
  }
}
