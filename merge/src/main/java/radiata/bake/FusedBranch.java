package radiata.bake;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// One adapter at one point of a weight's way, at every strength asked for. Outputs that have the
/// same adapters up to here share all that does not depend on the strength.
final class FusedBranch {
  private final FusedStage stage;
  private final Panels panels;
  private final RowGroup part;
  private final RowGroup out;
  private final List<Leg> legs = new ArrayList<>();

  /// One strength, the outputs that end with it, and the adapters that follow.
  private static final class Leg {
    final double strength;
    final List<Integer> outputs = new ArrayList<>();
    final List<FusedBranch> next = new ArrayList<>();
    float[][] sums = new float[0][];
    FusedStage.Columns columns = FusedStage.Columns.NONE;

    Leg(double strength) {
      this.strength = strength;
    }
  }

  /// An adapter and its strength on the way of one output.
  record Use(FusedStage stage, double strength) {}

  /// Who takes the rows of an output.
  @FunctionalInterface
  interface Taker {
    void take(int output, RowGroup rows) throws IOException;
  }

  private FusedBranch(FusedStage stage, Panels panels) {
    this.stage = stage;
    this.panels = panels;
    this.part = new RowGroup(panels);
    this.out = new RowGroup(panels);
  }

  /// Adds the way of one output to those that start at the weight.
  static void add(List<FusedBranch> from, List<Use> way, int output, Panels panels) {
    Use first = way.getFirst();
    FusedBranch branch = null;
    for (FusedBranch known : from) {
      branch = known.stage == first.stage() ? known : branch;
    }
    if (branch == null) {
      branch = new FusedBranch(first.stage(), panels);
      from.add(branch);
    }
    Leg leg = branch.leg(first.strength());
    if (way.size() == 1) {
      leg.outputs.add(output);
    } else {
      add(leg.next, way.subList(1, way.size()), output, panels);
    }
  }

  private Leg leg(double strength) {
    for (Leg leg : legs) {
      if (Double.compare(leg.strength, strength) == 0) {
        return leg;
      }
    }
    Leg leg = new Leg(strength);
    legs.add(leg);
    return leg;
  }

  /// Takes rows through all branches.
  ///
  /// @param o the place of the first row in the region
  /// @param spare whether the rows may be overwritten
  static void run(
      List<FusedBranch> branches, int o, RowGroup in, int count, boolean spare, Taker taker)
      throws IOException {
    for (int b = 0; b < branches.size(); b++) {
      branches.get(b).run(o, in, count, spare && b == branches.size() - 1, taker);
    }
  }

  private void run(int o, RowGroup in, int count, boolean spare, Taker taker) throws IOException {
    RowGroup shared = shared(o, in, count, spare && !needsWeight());
    for (int l = 0; l < legs.size(); l++) {
      Leg leg = legs.get(l);
      boolean last = l == legs.size() - 1 && !stage.sharesDelta();
      RowGroup into = last ? shared : out;
      stage.finish(o, in, shared, leg.strength, leg.columns, into, count, legs.size() > 1);
      for (int output : leg.outputs) {
        taker.take(output, into);
      }
      run(leg.next, o, into, count, true, taker);
    }
  }

  private RowGroup shared(int o, RowGroup in, int count, boolean inPlace) {
    if (stage.sharesDelta()) {
      return stage.delta(o, in, count);
    }
    RowGroup moved = inPlace ? in : part;
    stage.move(o, in, moved, count);
    return moved;
  }

  private boolean needsWeight() {
    return legs.stream().anyMatch(leg -> stage.needsWeight(leg.strength));
  }

  /// Whether norms of columns are needed for a branch that many adapters further on.
  static boolean needsColumns(List<FusedBranch> branches, int depth) {
    return branches.stream()
        .anyMatch(branch ->
            depth == 0
                ? branch.stage.needsColumns()
                : branch.legs.stream().anyMatch(leg -> needsColumns(leg.next, depth - 1)));
  }

  /// The most adapters on one way.
  static int depth(List<FusedBranch> branches) {
    return branches.stream()
        .flatMap(branch -> branch.legs.stream())
        .mapToInt(leg -> 1 + depth(leg.next))
        .max()
        .orElse(0);
  }

  /// Adds rows to the sums of columns of the branches `depth` adapters further on; those before are
  /// measured already.
  static void measure(List<FusedBranch> branches, int depth, int o, RowGroup in, int count)
      throws IOException {
    for (FusedBranch branch : branches) {
      branch.measure(depth, o, in, count);
    }
  }

  private void measure(int depth, int o, RowGroup in, int count) throws IOException {
    if (depth == 0 && !stage.needsColumns()) {
      return;
    }
    RowGroup shared = shared(o, in, count, false);
    for (Leg leg : legs) {
      if (depth == 0) {
        // The sums of V are the same for every strength; the first leg keeps them for all.
        if (leg == legs.getFirst() || stage.sharesDelta()) {
          leg.sums = leg.sums.length == 0 ? panels.row() : leg.sums;
          stage.measure(in, shared, leg.strength, out, leg.sums, count);
        }
      } else if (needsColumns(leg.next, depth - 1)) {
        stage.finish(o, in, shared, leg.strength, leg.columns, out, count, false);
        measure(leg.next, depth - 1, o, out, count);
      }
    }
  }

  /// Ends what [#measure] began at that depth.
  static void measured(List<FusedBranch> branches, int depth) {
    for (FusedBranch branch : branches) {
      for (Leg leg : branch.legs) {
        if (depth > 0) {
          measured(leg.next, depth - 1);
        } else if (branch.stage.needsColumns()) {
          Leg with = branch.stage.sharesDelta() ? leg : branch.legs.getFirst();
          leg.columns = branch.stage.columns(with.sums, leg.strength);
        }
      }
    }
  }
}
