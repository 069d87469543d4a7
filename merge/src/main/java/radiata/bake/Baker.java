package radiata.bake;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import radiata.pipeline.Budget;
import radiata.pipeline.Workers;
import radiata.safetensors.CheckpointWriter;
import radiata.safetensors.DType;
import radiata.safetensors.HashKeys;
import radiata.safetensors.Hashes;
import radiata.safetensors.Replace;
import radiata.safetensors.Seal;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.convert.Widen;
import radiata.safetensors.provenance.Provenance;

/// Carries out a plan. Workers take tensors in the order of the output and write each to its place,
/// so the bytes do not depend on how many there are.
public final class Baker implements AutoCloseable {
  private static final int CONVERT = 1 << 18;

  private final BakePlan plan;
  private final @Nullable CheckpointWriter writer;
  private final Output output;
  private final LongConsumer progress;
  private final Map<Path, FileChannel> channels = new HashMap<>();
  private final LongAdder reading = new LongAdder();
  private final LongAdder writing = new LongAdder();
  private final LongAdder working = new LongAdder();
  private final Map<Path, String> sha256 = new ConcurrentHashMap<>();

  /// What one worker does at a time.
  private sealed interface Work {
    /// Steps that are taken together.
    record Run(List<Step> steps) implements Work {}

    /// Taking the sha256 of an input.
    record Digest(Path file) implements Work {}
  }

  /// Where the bytes of a step go: to the new file, or against a finished one.
  @FunctionalInterface
  private interface Output {
    void write(Step step, long offset, MemorySegment bytes) throws IOException;
  }

  /// @param writer takes copies file to file; null where bytes are only compared
  private Baker(
      BakePlan plan, @Nullable CheckpointWriter writer, Output output, LongConsumer progress) {
    this.plan = plan;
    this.writer = writer;
    this.output = output;
    this.progress = progress;
  }

  /// Carries a plan out.
  ///
  /// @param progress told of every run of bytes that has been written, by any thread
  /// @throws BakeException if the data hold NaN; nothing then stands under the output's name
  /// @throws radiata.safetensors.SafetensorsException if the output cannot be written
  public static BakeReport bake(
      BakePlan plan, Path output, Replace replace, int threads, LongConsumer progress)
      throws IOException {
    try (CheckpointWriter writer = CheckpointWriter.sealed(output, plan.output(), replace);
        Baker baker =
            new Baker(
                plan,
                writer,
                (step, offset, bytes) -> writer.write(step.file(), step.target(), offset, bytes),
                progress)) {
      List<Survival> survival = baker.run(threads);
      long start = System.nanoTime();
      writer.commit(baker.seal());
      return baker.report(survival, seconds(System.nanoTime() - start));
    }
  }

  /// Computes everything once more and holds it against a finished output, byte for byte.
  ///
  /// @throws BakeException if a byte differs
  public static void verify(BakePlan plan, Path output, int threads, LongConsumer progress)
      throws IOException {
    try (Comparison comparison = new Comparison(plan, output);
        Baker baker = new Baker(plan, null, comparison::write, progress)) {
      List<Survival> _ = baker.run(threads);
    }
  }

  /// What the output of a plan says of where it comes from, but for its checksums: to ask whether a
  /// finished output is that of this job. Reads the adapters.
  public static Provenance provenance(BakePlan plan, int threads) throws IOException {
    List<Path> wanted = plan.derivation().wanted();
    List<String> hashes = Workers.map(wanted, threads, Hashes::sha256);
    Map<Path, String> known = new HashMap<>();
    for (int i = 0; i < wanted.size(); i++) {
      known.put(wanted.get(i), hashes.get(i));
    }
    return plan.derivation().with(known);
  }

  private Seal seal() {
    Provenance provenance = plan.derivation().with(sha256);
    return (file, written) -> {
      Map<String, String> metadata = written.header().metadata();
      if (plan.hashes()) {
        metadata = HashKeys.renewed(metadata, written.path());
      }
      return provenance.with(written.checksums()).in(metadata);
    };
  }

  private List<Survival> run(int threads) throws IOException {
    Budget budget = new Budget(Memory.BUDGET);
    List<Work> all = new ArrayList<>();
    if (writer != null) {
      plan.derivation().wanted().forEach(file -> all.add(new Work.Digest(file)));
    }
    runs().forEach(steps -> all.add(new Work.Run(steps)));
    return Workers.map(all, threads, work -> done(work, budget)).stream()
        .flatMap(Optional::stream)
        .toList();
  }

  private Optional<Survival> done(Work work, Budget budget) throws IOException {
    return switch (work) {
      case Work.Run(List<Step> steps) -> {
        try (Budget.Share _ = budget.take(Memory.cost(steps.getFirst(), plan.profile()))) {
          yield timed(steps);
        }
      }
      case Work.Digest(Path file) -> {
        sha256.put(file, Hashes.sha256(file));
        yield Optional.empty();
      }
    };
  }

  private BakeReport report(List<Survival> survival, double sync) {
    double read = seconds(reading.sum());
    double write = seconds(writing.sum());
    return new BakeReport(survival, read, seconds(working.sum()) - read - write, write, sync);
  }

  /// The steps, copies of neighbours taken together: they go over in one piece.
  private List<List<Step>> runs() {
    List<List<Step>> runs = new ArrayList<>();
    for (Step step : plan.steps()) {
      if (!runs.isEmpty() && follows(runs.getLast(), step)) {
        runs.getLast().add(step);
      } else {
        runs.add(new ArrayList<>(List.of(step)));
      }
    }
    return runs;
  }

  private boolean follows(List<Step> run, Step step) {
    if (!(writer != null && step instanceof Step.Copy && run.getLast() instanceof Step.Copy last)) {
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
        && last.target().end() - run.getFirst().target().begin() < Memory.RUN;
  }

  private static OptionalLong position(Step step) {
    return step.source().part().file().position(step.source().info());
  }

  private Optional<Survival> timed(List<Step> run) throws IOException {
    long start = System.nanoTime();
    try {
      return switch (run.getFirst()) {
        case Step.Copy first -> {
          copy(first, run.getLast());
          yield Optional.empty();
        }
        case Step.Scale _ -> Optional.empty();
        case Step.Convert convert -> {
          convert(convert);
          yield Optional.empty();
        }
        case Step.Change change -> Optional.of(change(change));
      };
    } finally {
      working.add(System.nanoTime() - start);
    }
  }

  private Survival change(Step.Change step) throws IOException {
    Source source = source(step);
    Sink sink = sink(step);
    if (CodedBake.needed(step)) {
      Sink scale = step.coding().rescaled().map(this::sink).orElse(sink);
      return new CodedBake(step, plan.profile()).run(source, sink, scale);
    }
    return FusedBake.suits(step, plan.profile())
        ? FusedBake.of(step, plan.profile()).run(source, sink)
        : new FormulaBake(step, plan.profile()).run(source, sink);
  }

  private void copy(Step.Copy first, Step last) throws IOException {
    long bytes = last.target().end() - first.target().begin();
    OptionalLong from = position(first);
    if (writer != null && from.isPresent()) {
      long start = System.nanoTime();
      FileChannel channel = channel(first.source().part().file().path());
      writer.transfer(first.file(), first.target().begin(), channel, from.getAsLong(), bytes);
      writing.add(System.nanoTime() - start);
      progress.accept(bytes);
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(Math.max(1, Math.min(bytes, Memory.BUFFER)));
      for (long at = 0; at < bytes; at += Memory.BUFFER) {
        MemorySegment part = buffer.asSlice(0, Math.min(Memory.BUFFER, bytes - at));
        source(first).read(at, part);
        sink(first).write(at, part);
      }
    }
  }

  private void convert(Step.Convert step) throws IOException {
    DType from = step.source().info().dtype();
    DType to = step.target().dtype();
    long elements = step.target().shape().elements();
    double[] values = new double[(int) Math.min(CONVERT, elements)];
    double scale = CodedBake.scale(step.coding().scale());
    Source source = source(step);
    Sink sink = sink(step);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment in = arena.allocate(Math.max(1, (long) values.length * from.bytes()));
      MemorySegment out = arena.allocate(Math.max(1, (long) values.length * to.bytes()));
      for (long at = 0; at < elements; at += values.length) {
        int count = (int) Math.min(values.length, elements - at);
        source.read(at * from.bytes(), in.asSlice(0, (long) count * from.bytes()));
        Widen.toDoubles(in, 0, from, values, 0, count);
        for (int i = 0; scale != 1 && i < count; i++) {
          values[i] *= scale;
        }
        if (step.coding().dither().isPresent()) {
          step.coding().dither().get().apply(values, count, to, at);
        }
        Narrow.fromDoubles(values, 0, count, to, out, 0);
        sink.write(at * to.bytes(), out.asSlice(0, (long) count * to.bytes()));
      }
    }
  }

  private Source source(Step step) {
    TensorInfo info = step.source().info();
    return (offset, into) -> {
      long start = System.nanoTime();
      step.source().part().file().read(info, offset, into);
      reading.add(System.nanoTime() - start);
    };
  }

  private Sink sink(Step step) {
    return (offset, bytes) -> {
      long start = System.nanoTime();
      output.write(step, offset, bytes);
      writing.add(System.nanoTime() - start);
      progress.accept(bytes.byteSize());
    };
  }

  private synchronized FileChannel channel(Path path) throws IOException {
    FileChannel open = channels.get(path);
    if (open == null) {
      open = FileChannel.open(path, StandardOpenOption.READ);
      channels.put(path, open);
    }
    return open;
  }

  private static double seconds(long nanos) {
    return nanos / 1e9;
  }

  @Override
  public void close() throws IOException {
    for (FileChannel channel : channels.values()) {
      channel.close();
    }
  }
}
