package radiata.bake;

import java.util.Comparator;
import java.util.List;
import radiata.convention.DoraAxis;
import radiata.convention.Profile;

/// What a bake holds in memory, from its plan.
final class Memory {
  /// What the Java machine takes before the first tensor, measured with the launcher's settings.
  private static final long MACHINE = 95L << 20;

  /// Doubles of a weight alive at once in the formula of an adapter.
  private static final int LIVE = 6;

  /// Bytes that are copied through memory at a time.
  static final long BUFFER = 8L << 20;

  /// The longest run of untouched tensors that one worker copies.
  static final long RUN = 128L << 20;

  /// What the workers together may hold, unless one tensor alone needs more.
  static final long BUDGET = 1L << 30;

  private Memory() {}

  static long peak(BakePlan plan, int threads) {
    List<Long> costs =
        plan.steps().stream()
            .map(step -> cost(step, plan.profile()))
            .sorted(Comparator.reverseOrder())
            .limit(Math.max(1, threads))
            .toList();
    long together = Math.min(costs.stream().mapToLong(Long::longValue).sum(), BUDGET);
    return MACHINE + Math.max(together, costs.stream().findFirst().orElse(0L));
  }

  /// Bytes that one step holds while it runs.
  static long cost(Step step, Profile as) {
    return switch (step) {
      case Step.Copy _ -> 0;
      case Step.Convert _ -> 2 * BUFFER;
      case Step.Change change -> {
        long adapter = change.applied().stream().flatMap(a -> a.tensors().stream()).mapToLong(t -> t.shape().elements()).sum();
        if (FusedBake.suits(change, as)) {
          yield 12 * adapter + (4L << 20);
        }
        long elements = change.target().shape().elements();
        long columns = change.target().shape().matrix().dim(1);
        long block = byRow(change) ? Math.min(elements, Math.max(FormulaBake.BLOCK, columns)) : elements;
        yield 8 * adapter + block * (8L * LIVE + 8);
      }
    };
  }

  private static boolean byRow(Step.Change change) {
    return change.applied().stream()
        .allMatch(
            a ->
                a.target().rows() == null
                    && !a.target().transposed()
                    && a.module().axis().filter(DoraAxis.INPUT::equals).isEmpty());
  }
}
