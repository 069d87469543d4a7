package radiata.bake;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import radiata.safetensors.Checkpoint.Stored;

/// What is done with one tensor of the base, or with untouched neighbours at once, for every
/// output.
///
/// @param number its place in the order of the work
record Work(int number, List<Piece> pieces) {
  /// The steps of one output; more than one only where all are copies.
  record Piece(Lane lane, List<Step> steps) {
    Step first() {
      return steps.getFirst();
    }

    Step last() {
      return steps.getLast();
    }
  }

  /// All work on a base, in the order of the first output's bytes.
  ///
  /// @param lanes whose plans are for one and the same base
  static List<Work> of(List<Lane> lanes) {
    // An output may have two tensors of one of the base's.
    Map<Stored, List<Piece>> bySource = new LinkedHashMap<>();
    for (Lane lane : lanes) {
      for (Step step : lane.plan().steps()) {
        bySource
            .computeIfAbsent(step.source(), source -> new ArrayList<>())
            .add(new Piece(lane, new ArrayList<>(List.of(step))));
      }
    }
    List<Work> all = new ArrayList<>();
    for (List<Piece> pieces : bySource.values()) {
      if (!all.isEmpty() && all.getLast().isFollowedBy(pieces)) {
        for (int lane = 0; lane < pieces.size(); lane++) {
          all.getLast().pieces().get(lane).steps().add(pieces.get(lane).first());
        }
      } else {
        all.add(new Work(all.size(), pieces));
      }
    }
    return all;
  }

  private boolean isFollowedBy(List<Piece> next) {
    if (next.size() != pieces.size()) {
      return false;
    }
    for (int i = 0; i < next.size(); i++) {
      if (pieces.get(i).lane() != next.get(i).lane()
          || !follows(pieces.get(i), next.get(i).first())) {
        return false;
      }
    }
    return true;
  }

  private static boolean follows(Piece piece, Step step) {
    if (!(piece.lane().writer().isPresent()
        && step instanceof Step.Copy
        && piece.last() instanceof Step.Copy last)) {
      return false;
    }
    OptionalLong before = position(last);
    OptionalLong after = position(step);
    return last.source().part().equals(step.source().part())
        && before.isPresent()
        && after.isPresent()
        && before.getAsLong() + last.source().info().bytes() == after.getAsLong()
        && last.file() == step.file()
        && last.target().end() == step.target().begin()
        && last.target().end() - piece.first().target().begin() < Memory.RUN;
  }

  /// Where the bytes of a step's source lie in its file; empty where they are not there as they
  /// are.
  static OptionalLong position(Step step) {
    return step.source().part().file().position(step.source().info());
  }
}
