package radiata.bake;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import radiata.adapter.Adapter;
import radiata.adapter.Dora;
import radiata.adapter.Oft;
import radiata.adapter.Site;
import radiata.convention.Algorithm;
import radiata.convention.Profile;
import radiata.names.Rows;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.convert.Widen;
import radiata.tensor.DoubleTensor;
import radiata.tensor.Doubles;
import radiata.tensor.ShapeMismatch;

/// Bakes by the formulas themselves, in doubles: block by block of rows where every row stands
/// alone, else the whole weight at once.
final class FormulaBake {
  /// Elements of a block of rows.
  static final long BLOCK = 1 << 19;

  private final Step.Change step;
  private final Profile as;
  private final DType from;
  private final DType to;
  private final long rows;
  private final long columns;

  FormulaBake(Step.Change step, Profile as) {
    this.step = step;
    this.as = as;
    this.from = step.source().info().dtype();
    this.to = step.target().dtype();
    Shape matrix = step.target().shape().matrix();
    this.rows = matrix.dim(0);
    this.columns = matrix.dim(1);
  }

  Survival run(Source source, Sink sink) throws IOException {
    Survival.Meter meter = new Survival.Meter(to, step.target().shape());
    try (Arena arena = Arena.ofConfined()) {
      List<Adapter<DoubleTensor>> adapters = new ArrayList<>();
      Doubles on = new Doubles(arena);
      for (Applied applied : step.applied()) {
        adapters.add(RowBlocks.at(applied, worked(AdapterTensors.load(applied, on), on), on));
      }
      long block = block(step, as);
      for (long at = 0; at < rows; at += block) {
        long count = Math.min(block, rows - at);
        block(adapters, at, count, count == rows, meter, source, sink);
      }
    }
    return meter.done(step.target().name());
  }

  /// How many rows are changed at a time: all where rows depend on each other.
  static long block(Step.Change step, Profile as) {
    Shape matrix = step.target().shape().matrix();
    long rows = Math.max(1, matrix.dim(0));
    long group = 1;
    for (Applied applied : step.applied()) {
      long granule =
          applied.alone()
              ? RowBlocks.granule(applied.adapter(), TensorInfo::shape, applied.whole(), as)
              : 0;
      if (granule == 0) {
        return rows;
      }
      group = group / gcd(group, granule) * granule;
    }
    long wanted = BLOCK / Math.max(1, matrix.dim(1));
    return Math.min(rows, Math.max(1, wanted / group) * group);
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  /// Rotations are made from all blocks together, before rows are cut.
  private Adapter<DoubleTensor> worked(Adapter<DoubleTensor> adapter, Doubles on) {
    if (adapter instanceof Oft<DoubleTensor> oft) {
      return oft.worked(on, as);
    }
    return adapter instanceof Dora<DoubleTensor>(Oft<DoubleTensor> oft, var m, var axis, var key)
        ? new Dora<>(oft.worked(on, as), m, axis, key)
        : adapter;
  }

  private void block(
      List<Adapter<DoubleTensor>> adapters,
      long at,
      long count,
      boolean all,
      Survival.Meter meter,
      Source source,
      Sink sink)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Doubles on = new Doubles(arena);
      long[] dims = step.target().shape().dims();
      Shape shape = step.target().shape();
      if (!all) {
        dims[0] = count;
        shape = Shape.of(dims);
      }
      DoubleTensor untouched = read(source, at, shape, on);
      DoubleTensor weight = untouched;
      for (int i = 0; i < adapters.size(); i++) {
        Applied applied = step.applied().get(i);
        Adapter<DoubleTensor> adapter =
            all ? adapters.get(i) : RowBlocks.cut(adapters.get(i), at, count, on);
        DoubleTensor next = place(weight, untouched, applied, adapter, on);
        boolean rounds = as.between() == Profile.Between.BASE_DTYPE && i + 1 < adapters.size();
        weight = rounds ? on.round(next, from) : next;
      }
      write(at, untouched, weight, meter, sink, arena);
    }
  }

  /// Applies one adapter to its view of the weight and puts the result back.
  private DoubleTensor place(
      DoubleTensor weight,
      DoubleTensor untouched,
      Applied applied,
      Adapter<DoubleTensor> adapter,
      Doubles on)
      throws IOException {
    DoubleTensor seen = view(weight, step.source(), applied, on);
    DType through = through(applied);
    if (through != null) {
      seen = on.round(seen, through);
    }
    Site<DoubleTensor> site = new Site<>(seen, view(untouched, step.source(), applied, on), from);
    DoubleTensor result = bake(applied, adapter, site, on);
    if (through != null) {
      result = on.round(result, through);
    }
    if (applied.target().transposed()) {
      result = on.permute(result, 1, 0);
    }
    if (applied.pieces().isEmpty()) {
      return applied.target().rows() instanceof Rows(long start, long count)
          ? Pieces.replace(weight, start, result, 0, count, on)
          : result;
    }
    return Pieces.apart(result, weight, step.source(), applied, on);
  }

  private DoubleTensor bake(
      Applied applied, Adapter<DoubleTensor> adapter, Site<DoubleTensor> site, Doubles on) {
    try {
      return adapter.bake(site, applied.strength(), on, as);
    } catch (ShapeMismatch e) {
      throw new BakeException(
          applied.file().path(), applied.module().name(), String.valueOf(e.getMessage()));
    }
  }

  /// The dtype of the factors, where the runtime adds in it; null where it does not.
  private @Nullable DType through(Applied applied) {
    boolean products =
        applied.module().algorithm() == Algorithm.LOHA
            || applied.module().algorithm() == Algorithm.LOKR;
    return as.throughFactors() && products ? applied.tensors().getFirst().dtype() : null;
  }

  /// What an adapter sees of a tensor.
  ///
  /// @param source which tensor of the base that is
  static DoubleTensor view(DoubleTensor weight, Stored source, Applied applied, Doubles on)
      throws IOException {
    if (!applied.pieces().isEmpty()) {
      return Pieces.together(weight, source, applied, on);
    }
    DoubleTensor rows =
        applied.target().rows() instanceof Rows(long start, long count)
            ? weight.rows(start, count)
            : weight;
    return applied.target().transposed() ? on.permute(rows, 1, 0) : rows;
  }

  private DoubleTensor read(Source source, long at, Shape shape, Doubles on) throws IOException {
    long count = shape.elements();
    DoubleTensor into = on.empty(shape);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes =
          arena.allocate(Math.max(1, count * from.bytes())).asSlice(0, count * from.bytes());
      source.read(at * columns * from.bytes(), bytes);
      Widen.toDoubles(bytes, 0, from, into.data(), 0, count);
    }
    return into;
  }

  private void write(
      long at,
      DoubleTensor before,
      DoubleTensor after,
      Survival.Meter meter,
      Sink sink,
      Arena arena)
      throws IOException {
    long elements = after.shape().elements();
    MemorySegment bytes =
        arena.allocate(Math.max(1, elements * to.bytes())).asSlice(0, elements * to.bytes());
    Narrow.fromDoubles(after.data(), 0, to, bytes, 0, elements);
    double[] stored = new double[Math.toIntExact(columns)];
    for (long row = 0; row * columns < elements; row++) {
      double peak = 0;
      for (long i = row * columns; i < (row + 1) * columns; i++) {
        double value = after.data().getAtIndex(JAVA_DOUBLE, i);
        peak = Math.max(peak, Math.abs(value));
        meter.overflow(value);
      }
      Outcome.requireNumber(step, at + row, peak);
      if (meter.wants(at + row)) {
        Widen.toDoubles(bytes, row * columns, to, stored, 0, stored.length);
        for (int i = 0; i < stored.length; i++) {
          meter.element(before.at(row * columns + i), after.at(row * columns + i), stored[i]);
        }
      }
    }
    sink.write(at * columns * to.bytes(), bytes);
  }
}
