package radiata.train.model;

import java.util.List;
import java.util.function.Function;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;

/// One part of a network. What it makes on its way is freed when it is done; the graph keeps what
/// the backward pass needs.
final class Segment {
  private Segment() {}

  /// Each input is taken through a view of its own, so that its gradients are summed up within the
  /// part first: then the sums do not depend on whether parts are recomputed.
  static Tensor run(Segments segments, List<Tensor> inputs, Function<List<Tensor>, Tensor> part) {
    return segments.run(
        inputs,
        given -> {
          try (Scope scope = Scope.open()) {
            List<Tensor> views = given.stream().map(x -> x.reshape(x.shape())).toList();
            return scope.keep(part.apply(views));
          }
        });
  }
}
