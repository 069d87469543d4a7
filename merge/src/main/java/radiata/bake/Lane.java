package radiata.bake;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.CheckpointWriter;

/// One output of a [Pass]: its plan, where its bytes go, what became of it.
final class Lane {
  private final BakePlan plan;
  private final @Nullable CheckpointWriter writer;
  private final Output output;
  private final IdentityHashMap<Step, Survival> survival = new IdentityHashMap<>();
  private @Nullable Exception failure;
  private int failedAt = Integer.MAX_VALUE;

  /// Where the bytes of a step go: to the new file, or against a finished one.
  @FunctionalInterface
  interface Output {
    void write(Step step, long offset, MemorySegment bytes) throws IOException;
  }

  private Lane(BakePlan plan, @Nullable CheckpointWriter writer, Output output) {
    this.plan = plan;
    this.writer = writer;
    this.output = output;
  }

  /// An output that is written.
  static Lane of(BakePlan plan, CheckpointWriter writer) {
    return new Lane(
        plan,
        writer,
        (step, offset, bytes) -> writer.write(step.file(), step.target(), offset, bytes));
  }

  /// An output whose bytes are looked at only.
  static Lane of(BakePlan plan, Output output) {
    return new Lane(plan, null, output);
  }

  BakePlan plan() {
    return plan;
  }

  /// What takes copies in the kernel; empty where bytes are only compared.
  Optional<CheckpointWriter> writer() {
    return Optional.ofNullable(writer);
  }

  void write(Step step, long offset, MemorySegment bytes) throws IOException {
    output.write(step, offset, bytes);
  }

  synchronized boolean alive() {
    return failure == null;
  }

  /// Gives the output up. Of several failures the first in the order of the work counts.
  synchronized void fail(int at, Exception why) {
    if (at < failedAt) {
      failedAt = at;
      failure = why;
    }
  }

  synchronized void survived(Step step, Survival of) {
    survival.put(step, of);
  }

  /// What rounding left of each change, in the order of the output.
  synchronized List<Survival> survival() {
    return plan.steps().stream().map(survival::get).filter(Objects::nonNull).toList();
  }

  synchronized @Nullable Exception failure() {
    return failure;
  }

  /// @throws IOException or a [RuntimeException]: why the output has been given up, if it has
  synchronized void require() throws IOException {
    switch (failure) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      default -> throw new IllegalStateException(failure);
    }
  }
}
