package radiata.bake;

import java.util.Comparator;
import java.util.List;
import radiata.convention.Profile;
import radiata.safetensors.Shape;

/// What a bake holds in memory, from its plan.
final class Memory {
  /// What the Java machine takes before the first tensor, measured with the launcher's settings.
  private static final long MACHINE = 76L << 20;

  /// What its compiler takes once the loops run hot, which they do from a few million elements on.
  private static final long COMPILER = 60L << 20;

  private static final long HOT = 1 << 22;

  /// What of the heap fills with adapters that are no longer needed before they are swept out: most
  /// of the launcher's young generation.
  private static final long SWEPT = 42L << 20;

  /// Doubles of a weight alive at once in the formula of an adapter.
  private static final int LIVE = 6;

  /// Bytes that are copied through memory at a time.
  static final long BUFFER = 8L << 20;

  /// What one worker copies at a time from file to file.
  static final long COPY = 1L << 20;

  /// The longest run of untouched tensors that one worker copies.
  static final long RUN = 128L << 20;

  /// What the workers together may hold, unless one tensor alone needs more.
  static final long BUDGET = 1L << 30;

  /// What the outputs of one tensor may hold together; more of them are computed in turns.
  static final long TOGETHER = 96L << 20;

  private Memory() {}

  static long peak(BakePlan plan, int threads) {
    List<Long> costs =
        plan.steps().stream()
            .map(step -> cost(step, plan.profile()))
            .sorted(Comparator.reverseOrder())
            .limit(Math.max(1, threads))
            .toList();
    long together = Math.min(costs.stream().mapToLong(Long::longValue).sum(), BUDGET);
    long passing = plan.steps().stream().mapToLong(Memory::adapterElements).sum() * 8;
    long changed = plan.steps().stream().mapToLong(Memory::changedElements).sum();
    return MACHINE
        + (changed > HOT ? COMPILER : 0)
        + Math.min(SWEPT, passing)
        + Math.max(together, costs.stream().findFirst().orElse(0L));
  }

  /// Bytes that one step holds while it runs.
  static long cost(Step step, Profile as) {
    return switch (step) {
      case Step.Copy _, Step.Scale _ -> COPY;
      case Step.Convert _ -> 2 * BUFFER;
      case Step.Change change when CodedBake.needed(change) ->
          cost(CodedBake.engine(change, as), CodedBake.fused(change, as), as)
              + CodedBake.held(change)
              + BUFFER;
      case Step.Change change -> cost(change, FusedBake.suits(change, as), as);
    };
  }

  private static long cost(Step.Change change, boolean fused, Profile as) {
    long adapter = adapterElements(change);
    if (fused) {
      return 12 * adapter + (4L << 20);
    }
    long elements =
        change.applied().stream()
            .filter(applied -> !applied.pieces().isEmpty())
            .mapToLong(applied -> applied.whole().elements())
            .reduce(change.target().shape().elements(), Math::max);
    Shape lines = RowBlocks.lines(change);
    long columns = lines.dim(1);
    long rows = FormulaBake.block(change, as);
    boolean all = rows >= lines.dim(0);
    long block = all ? elements : Math.min(elements, rows * columns);
    return 8 * adapter + block * (8L * LIVE + 8);
  }

  /// What several outputs of one tensor hold while they are computed together, at most.
  static long cost(List<Variant> together) {
    return together.stream().mapToLong(v -> cost(v.step(), v.profile())).sum();
  }

  private static long adapterElements(Step step) {
    return step instanceof Step.Change change
        ? change.applied().stream()
            .flatMap(applied -> applied.tensors().stream())
            .mapToLong(tensor -> tensor.shape().elements())
            .sum()
        : 0;
  }

  private static long changedElements(Step step) {
    return step instanceof Step.Copy || step instanceof Step.Scale
        ? 0
        : step.target().shape().elements();
  }
}
