package radiata.bake;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import radiata.pipeline.Budget;
import radiata.pipeline.Channels;
import radiata.pipeline.Workers;
import radiata.safetensors.CheckpointWriter;
import radiata.safetensors.DType;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Recast;

/// One pass over a base for all outputs that come of it. Workers take tensors in the order of the
/// output and write each to its places, so the bytes do not depend on how many there are. An output
/// that fails is given up; the others go on.
final class Pass implements AutoCloseable {
  private static final int CONVERT = 1 << 18;

  private final List<Lane> lanes;
  private final Digests digests;
  private final LongConsumer progress;
  private final Channels channels = new Channels();
  private final LongAdder reading = new LongAdder();
  private final LongAdder writing = new LongAdder();
  private final LongAdder working = new LongAdder();

  /// @param progress told of every run of bytes that has been written, by any thread
  Pass(List<Lane> lanes, Digests digests, LongConsumer progress) {
    this.lanes = lanes;
    this.digests = digests;
    this.progress = progress;
  }

  /// What a tensor is converted to.
  private record Form(DType dtype, Coding coding) {}

  /// What can fail for one output.
  @FunctionalInterface
  private interface Attempt {
    void run() throws IOException;
  }

  void run(int threads) throws IOException {
    Budget budget = new Budget(Memory.BUDGET);
    List<Attempt> all = new ArrayList<>();
    List<Path> wanted =
        lanes.stream()
            .filter(lane -> lane.writer().isPresent())
            .flatMap(lane -> lane.plan().derivation().wanted().stream())
            .distinct()
            .toList();
    digests.missing(wanted).forEach(file -> all.add(() -> digest(file)));
    Work.of(lanes).forEach(work -> all.add(() -> timed(work, budget)));
    List<Boolean> _ =
        Workers.map(
            all,
            threads,
            each -> {
              each.run();
              return true;
            });
  }

  /// Takes the sha256 of an input; without it no output can say where it comes from.
  private void digest(Path file) {
    try {
      digests.take(file);
    } catch (IOException | RuntimeException e) {
      lanes.stream()
          .filter(lane -> lane.plan().derivation().wanted().contains(file))
          .forEach(lane -> lane.fail(-1, e));
    }
  }

  private void timed(Work work, Budget budget) {
    long start = System.nanoTime();
    carryOut(work, budget);
    working.add(System.nanoTime() - start);
  }

  /// Seconds that workers spent reading, computing, writing, all of them added up.
  BakeReport report(Lane lane, double sync) {
    double read = reading.sum() / 1e9;
    double write = writing.sum() / 1e9;
    return new BakeReport(lane.survival(), read, working.sum() / 1e9 - read - write, write, sync);
  }

  private void carryOut(Work work, Budget budget) {
    List<Work.Piece> copies = new ArrayList<>();
    Map<Form, List<Work.Piece>> conversions = new LinkedHashMap<>();
    List<Work.Piece> coded = new ArrayList<>();
    List<Variant> fused = new ArrayList<>();
    List<Variant> formula = new ArrayList<>();
    IdentityHashMap<Variant, Lane> lanes = new IdentityHashMap<>();
    for (Work.Piece piece : work.pieces()) {
      Lane lane = piece.lane();
      if (!lane.alive()) {
        continue;
      }
      switch (piece.first()) {
        case Step.Copy _ -> copies.add(piece);
        case Step.Convert step ->
            conversions
                .computeIfAbsent(
                    new Form(step.target().dtype(), step.coding()), form -> new ArrayList<>())
                .add(piece);
        case Step.Scale _ -> {}
        case Step.Change change when CodedBake.needed(change) -> coded.add(piece);
        case Step.Change change -> {
          Variant variant =
              new Variant(
                  change,
                  lane.plan().profile(),
                  sink(lane, change),
                  e -> lane.fail(work.number(), e));
          lanes.put(variant, lane);
          (FusedBake.suits(change, variant.profile()) ? fused : formula).add(variant);
        }
      }
    }
    if (!copies.isEmpty()) {
      try (Budget.Share _ = budget.take(Memory.COPY)) {
        together(copies, work, () -> copy(work, copies));
      }
    }
    for (Map.Entry<Form, List<Work.Piece>> entry : conversions.entrySet()) {
      List<Work.Piece> pieces = entry.getValue();
      Coding coding = entry.getKey().coding();
      try (Budget.Share _ = budget.take(2 * Memory.BUFFER)) {
        together(pieces, work, () -> convert(work, pieces, coding));
      }
    }
    for (Work.Piece piece : coded) {
      Lane lane = piece.lane();
      try (Budget.Share _ = budget.take(Memory.cost(piece.first(), lane.plan().profile()))) {
        attempt(work, lane, () -> coded(lane, piece.first()));
      }
    }
    for (List<Variant> turn : turns(fused)) {
      try (Budget.Share _ = budget.take(Memory.cost(turn))) {
        keep(turn, lanes, () -> FusedBake.of(turn).run(source(turn.getFirst().step())));
      }
    }
    for (List<Variant> turn : turns(formula)) {
      try (Budget.Share _ = budget.take(Memory.cost(turn))) {
        keep(turn, lanes, () -> new FormulaBake(turn).run(source(turn.getFirst().step())));
      }
    }
  }

  /// The outputs that are computed together: as many neighbours as fit into the memory.
  private static List<List<Variant>> turns(List<Variant> all) {
    List<List<Variant>> turns = new ArrayList<>();
    long held = 0;
    for (Variant variant : all) {
      long cost = Memory.cost(List.of(variant));
      if (turns.isEmpty() || held + cost > Memory.TOGETHER) {
        turns.add(new ArrayList<>());
        held = 0;
      }
      turns.getLast().add(variant);
      held += cost;
    }
    return turns;
  }

  @FunctionalInterface
  private interface Bake {
    List<Optional<Survival>> run() throws IOException;
  }

  private static void keep(List<Variant> turn, IdentityHashMap<Variant, Lane> lanes, Bake bake) {
    try {
      List<Optional<Survival>> results = bake.run();
      for (int i = 0; i < turn.size(); i++) {
        Variant variant = turn.get(i);
        Lane lane = Objects.requireNonNull(lanes.get(variant));
        results.get(i).ifPresent(survival -> lane.survived(variant.step(), survival));
      }
    } catch (IOException | RuntimeException e) {
      turn.forEach(variant -> variant.failed().accept(e));
    }
  }

  /// What is read for several outputs and cannot be, fails all of them.
  private static void together(List<Work.Piece> pieces, Work work, Attempt what) {
    try {
      what.run();
    } catch (IOException | RuntimeException e) {
      pieces.forEach(piece -> piece.lane().fail(work.number(), e));
    }
  }

  private void coded(Lane lane, Step step) throws IOException {
    if (step instanceof Step.Change change) {
      Sink sink = sink(lane, change);
      Sink scale = change.coding().rescaled().map(of -> sink(lane, of)).orElse(sink);
      CodedBake bake = new CodedBake(change, lane.plan().profile());
      lane.survived(change, bake.run(source(change), sink, scale));
    }
  }

  private static void attempt(Work work, Lane lane, Attempt what) {
    try {
      if (lane.alive()) {
        what.run();
      }
    } catch (IOException | RuntimeException e) {
      lane.fail(work.number(), e);
    }
  }

  /// Copies a run of tensors: file to file where there is one output, else each piece of it is read
  /// once and written to all.
  private void copy(Work work, List<Work.Piece> pieces) throws IOException {
    Step first = pieces.getFirst().first();
    long bytes = pieces.getFirst().last().target().end() - first.target().begin();
    Lane only = pieces.getFirst().lane();
    OptionalLong from = Work.position(first);
    if (pieces.size() == 1 && only.writer().isPresent() && from.isPresent()) {
      attempt(work, only, () -> transfer(only.writer().get(), first, from.getAsLong(), bytes));
      return;
    }
    for (int s = 0; s < pieces.getFirst().steps().size(); s++) {
      int step = s;
      Source source = source(pieces.getFirst().steps().get(step));
      long length = pieces.getFirst().steps().get(step).target().bytes();
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment buffer = arena.allocate(Math.max(1, Math.min(length, Memory.COPY)));
        for (long at = 0; at < length; at += Memory.COPY) {
          MemorySegment part = buffer.asSlice(0, Math.min(Memory.COPY, length - at));
          source.read(at, part);
          long offset = at;
          for (Work.Piece piece : pieces) {
            attempt(
                work,
                piece.lane(),
                () -> sink(piece.lane(), piece.steps().get(step)).write(offset, part));
          }
        }
      }
    }
  }

  private void transfer(CheckpointWriter writer, Step first, long from, long bytes)
      throws IOException {
    long start = System.nanoTime();
    FileChannel channel = channels.of(first.source().part().file().path());
    writer.transfer(first.file(), first.target().begin(), channel, from, bytes);
    writing.add(System.nanoTime() - start);
    progress.accept(bytes);
  }

  /// Converts a tensor once for all outputs that have it in one form.
  private void convert(Work work, List<Work.Piece> pieces, Coding coding) throws IOException {
    double scale = CodedBake.scale(coding.scale());
    Step step = pieces.getFirst().first();
    DType from = step.source().info().dtype();
    DType to = step.target().dtype();
    long elements = step.target().shape().elements();
    int most = Math.clamp(elements, 1, CONVERT);
    Source source = source(step);
    try (Arena arena = Arena.ofConfined()) {
      Recast recast = new Recast(from, to, change(scale, coding, to), most, arena);
      MemorySegment in = arena.allocate((long) most * from.bytes());
      for (long at = 0; at < elements; at += most) {
        int count = (int) Math.min(most, elements - at);
        MemorySegment part = in.asSlice(0, (long) count * from.bytes());
        source.read(at * from.bytes(), part);
        recast.of(part, count, at);
        long offset = at * to.bytes();
        for (Work.Piece piece : pieces) {
          attempt(
              work,
              piece.lane(),
              () -> sink(piece.lane(), piece.first()).write(offset, recast.bytes(count)));
        }
      }
    }
  }

  private static Recast.@Nullable Change change(double scale, Coding coding, DType to) {
    if (scale == 1 && coding.dither().isEmpty()) {
      return null;
    }
    return (numbers, count, first) -> {
      for (int i = 0; scale != 1 && i < count; i++) {
        numbers[i] *= scale;
      }
      coding.dither().ifPresent(dither -> dither.apply(numbers, count, to, first));
    };
  }

  private Source source(Step step) {
    TensorInfo info = step.source().info();
    Source padded =
        Padding.of(step, (offset, into) -> step.source().part().file().read(info, offset, into));
    return (offset, into) -> {
      long start = System.nanoTime();
      padded.read(offset, into);
      reading.add(System.nanoTime() - start);
    };
  }

  private Sink sink(Lane lane, Step step) {
    return (offset, bytes) -> {
      long start = System.nanoTime();
      lane.write(step, offset, bytes);
      writing.add(System.nanoTime() - start);
      progress.accept(bytes.byteSize());
    };
  }

  @Override
  public void close() throws IOException {
    channels.close();
  }
}
