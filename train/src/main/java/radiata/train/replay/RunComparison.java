package radiata.train.replay;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.safetensors.TensorInfo;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;
import radiata.train.nn.TensorReader;

/// Gathers the deviations of one replay from its record.
public final class RunComparison {
  private final Pack pack;
  private final TensorReader expected;
  private final List<Deviation> deviations = new ArrayList<>();

  public RunComparison(Pack pack, TensorReader expected) {
    this.pack = pack;
    this.expected = expected;
  }

  public List<Deviation> deviations() {
    return List.copyOf(deviations);
  }

  public boolean has(String name) {
    return expected.has(name);
  }

  /// The names of the record that start so, without that start.
  public List<String> names(String prefix) {
    return expected.file().tensors().stream()
        .map(TensorInfo::name)
        .filter(name -> name.startsWith(prefix))
        .map(name -> name.substring(prefix.length()))
        .toList();
  }

  public double[] record(String name) {
    try (Scope _ = Scope.open()) {
      return expected.read(name).doubles();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The largest distance of two tensors, if the record has one of that name.
  public void largest(String name, Tensor found, String tolerance) {
    Optional<Double> allowed = pack.tolerance(tolerance);
    if (allowed.isPresent() && has(name)) {
      add(name, largest(found.doubles(), record(name)), allowed.get());
    }
  }

  /// The largest distance of any two numbers; infinite where one is none.
  ///
  /// @param found of which the record may have the first part only
  public static double largest(double[] found, double[] record) {
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
  public void relative(String what, String prefix, Map<String, double[]> found, String tolerance) {
    Optional<Double> allowed = pack.tolerance(tolerance);
    if (allowed.isEmpty()) {
      return;
    }
    double difference = 0;
    double norm = 0;
    for (Map.Entry<String, double[]> one : found.entrySet()) {
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

  public void add(String what, double found, double allowed) {
    deviations.add(new Deviation(what, found, allowed));
  }
}
