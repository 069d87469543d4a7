package radiata.bake;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import radiata.convention.Profile;

/// One of the outputs that a changed tensor has, each by its own adapters and strengths.
///
/// @param failed told why this output cannot be; the others go on
record Variant(Step.Change step, Profile profile, Sink sink, Consumer<Exception> failed) {
  /// Something that may fail for one output alone.
  @FunctionalInterface
  interface Attempt {
    void run() throws IOException;
  }

  /// Bakes the one output of a change.
  ///
  /// @throws IOException or a [RuntimeException] if it cannot be
  static Survival alone(Step.Change step, Profile as, boolean fused, Source source, Sink sink)
      throws IOException {
    List<Exception> failures = new ArrayList<>();
    List<Variant> one = List.of(new Variant(step, as, sink, failures::add));
    Optional<Survival> survival =
        (fused ? FusedBake.of(one).run(source) : new FormulaBake(one).run(source)).getFirst();
    if (survival.isPresent()) {
      return survival.get();
    }
    switch (failures.getFirst()) {
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Exception e -> throw new IllegalStateException(e);
    }
  }

  /// Does it, and tells of a failure.
  ///
  /// @return whether it went well
  boolean attempt(Attempt what) {
    try {
      what.run();
      return true;
    } catch (IOException | RuntimeException e) {
      failed.accept(e);
      return false;
    }
  }
}
