package radiata.bake;

import java.io.IOException;
import radiata.convention.Profile;

/// A change of plain numbers, and where they come from: the change itself, or for a weight in
/// scaled fp8 the one behind its codes.
record Numbers(Step.Change change, Source source) {
  static Numbers of(Step.Change step, Profile as) throws IOException {
    Source raw =
        Padding.of(
            step,
            (offset, into) -> step.source().part().file().read(step.source().info(), offset, into));
    return CodedBake.needed(step) ? CodedBake.numbers(step, as, raw) : new Numbers(step, raw);
  }
}
