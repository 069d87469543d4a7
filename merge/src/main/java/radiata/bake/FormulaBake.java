package radiata.bake;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import radiata.adapter.Adapter;
import radiata.adapter.Dora;
import radiata.adapter.Oft;
import radiata.adapter.Site;
import radiata.convention.Algorithm;
import radiata.convention.Profile;
import radiata.names.Rows;
import radiata.names.Target;
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
/// alone, else the whole weight at once. The weight is read once for all outputs, and the delta of
/// a first adapter is computed once for all its strengths.
final class FormulaBake {
  /// Elements of a block of rows.
  static final long BLOCK = 1 << 19;

  private final List<Variant> variants;
  private final Step.Change step;
  private final DType from;
  private final long rows;
  private final long columns;

  /// Whether rows are those of experts under each other.
  private final boolean stacked;

  /// One output on its way.
  private static final class Way {
    final Variant variant;
    final Survival.Meter meter;
    List<Adapter<DoubleTensor>> adapters = List.of();
    boolean alive = true;

    Way(Variant variant) {
      this.variant = variant;
      this.meter =
          new Survival.Meter(variant.step().target().dtype(), variant.step().target().shape());
    }

    void attempt(Variant.Attempt what) {
      if (alive) {
        alive = variant.attempt(what);
      }
    }
  }

  /// An adapter as it is loaded for all outputs that have this in common.
  private record Loaded(Applied at, Profile as) {}

  /// A delta is the same for all outputs that have this in common.
  private record Key(Adapter<DoubleTensor> adapter, Target target, Profile as) {}

  /// @param variants changes of one and the same weight
  FormulaBake(List<Variant> variants) {
    this.variants = variants;
    this.step = variants.getFirst().step();
    this.from = step.source().info().dtype();
    Shape own = step.target().shape().matrix();
    Shape lines = RowBlocks.lines(step);
    boolean all = variants.stream().allMatch(v -> RowBlocks.lines(v.step()).equals(lines));
    Shape matrix = all ? lines : own;
    this.stacked = !matrix.equals(own);
    this.rows = matrix.dim(0);
    this.columns = matrix.dim(1);
  }

  /// Bakes all outputs.
  ///
  /// @return what rounding left in each output; empty for one that has failed
  /// @throws IOException if the weight cannot be read
  List<Optional<Survival>> run(Source source) throws IOException {
    List<Way> ways = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      Map<Loaded, Adapter<DoubleTensor>> loaded = new HashMap<>();
      for (Variant variant : variants) {
        Way way = new Way(variant);
        ways.add(way);
        way.attempt(() -> way.adapters = load(variant, new Doubles(arena), loaded));
      }
      Map<Long, List<Way>> byBlock = new LinkedHashMap<>();
      for (Way way : ways) {
        long block =
            stacked
                ? block(way.variant.step(), way.variant.profile())
                : unstacked(way.variant.step(), way.variant.profile());
        byBlock.computeIfAbsent(block, key -> new ArrayList<>()).add(way);
      }
      for (Map.Entry<Long, List<Way>> entry : byBlock.entrySet()) {
        blocks(entry.getValue(), entry.getKey(), source);
      }
    }
    return ways.stream()
        .map(way ->
            way.alive
                ? Optional.of(way.meter.done(way.variant.step().target().name()))
                : Optional.<Survival>empty())
        .toList();
  }

  private static List<Adapter<DoubleTensor>> load(
      Variant variant, Doubles on, Map<Loaded, Adapter<DoubleTensor>> loaded) throws IOException {
    List<Adapter<DoubleTensor>> adapters = new ArrayList<>();
    for (Applied applied : variant.step().applied()) {
      Loaded key = new Loaded(applied.at(1), variant.profile());
      Adapter<DoubleTensor> adapter = loaded.get(key);
      if (adapter == null) {
        adapter =
            RowBlocks.at(
                applied, worked(AdapterTensors.load(applied, on), on, variant.profile()), on);
        loaded.put(key, adapter);
      }
      adapters.add(adapter);
    }
    return adapters;
  }

  private void blocks(List<Way> ways, long block, Source source) throws IOException {
    if (ways.stream().noneMatch(way -> way.alive)) {
      return;
    }
    for (long at = 0; at < rows; at += block) {
      block(ways, at, Math.min(block, rows - at), source);
    }
  }

  /// How many rows are changed at a time: all where rows depend on each other.
  static long block(Step.Change step, Profile as) {
    Shape lines = RowBlocks.lines(step);
    if (lines.equals(step.target().shape().matrix())) {
      return unstacked(step, as);
    }
    long each = step.target().shape().dim(1);
    long most = Math.max(1, BLOCK / Math.max(1, lines.dim(1)));
    if (most >= each) {
      return Math.min(lines.dim(0), most / each * each);
    }
    while (each % most != 0) {
      most--;
    }
    return most;
  }

  private static long unstacked(Step.Change step, Profile as) {
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
  private static Adapter<DoubleTensor> worked(
      Adapter<DoubleTensor> adapter, Doubles on, Profile as) {
    if (adapter instanceof Oft<DoubleTensor> oft) {
      return oft.worked(on, as);
    }
    return adapter instanceof Dora<DoubleTensor>(Oft<DoubleTensor> oft, var m, var axis, var key)
        ? new Dora<>(oft.worked(on, as), m, axis, key)
        : adapter;
  }

  private void block(List<Way> ways, long at, long count, Source source) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Doubles on = new Doubles(arena);
      long[] dims = step.target().shape().dims();
      Shape shape = step.target().shape();
      if (count != rows && stacked && count % dims[1] != 0) {
        shape = Shape.of(count, columns);
      } else if (count != rows) {
        dims[0] = stacked ? count / dims[1] : count;
        shape = Shape.of(dims);
      }
      DoubleTensor untouched = read(source, at, shape, on);
      List<Way> alive = ways.stream().filter(way -> way.alive).toList();
      Map<Key, Long> uses = new HashMap<>();
      alive.forEach(way -> uses.merge(key(way), 1L, Long::sum));
      Map<Key, Adapter<DoubleTensor>> known = new HashMap<>();
      for (Way way : alive) {
        way.attempt(() -> {
          try (Arena own = Arena.ofConfined()) {
            Doubles alone = new Doubles(own);
            List<Adapter<DoubleTensor>> adapters = cut(way, at, count, alone);
            Key key = key(way);
            if (uses.getOrDefault(key, 0L) > 1) {
              Adapter<DoubleTensor> first = known.get(key);
              if (first == null) {
                Applied applied = way.variant.step().applied().getFirst();
                DoubleTensor seen = view(untouched, step.source(), applied, on);
                Adapter<DoubleTensor> shared =
                    count == rows
                        ? way.adapters.getFirst()
                        : part(way.adapters.getFirst(), at, count, on);
                first = Known.of(shared, seen, on, way.variant.profile());
                known.put(key, first);
              }
              adapters.set(0, first);
            }
            DoubleTensor weight = place(way.variant, adapters, untouched, alone);
            write(way, at, untouched, weight, own);
          }
        });
      }
    }
  }

  private static Key key(Way way) {
    return new Key(
        way.adapters.getFirst(),
        way.variant.step().applied().getFirst().target(),
        way.variant.profile());
  }

  private List<Adapter<DoubleTensor>> cut(Way way, long at, long count, Doubles on) {
    return new ArrayList<>(
        count == rows
            ? way.adapters
            : way.adapters.stream().map(adapter -> part(adapter, at, count, on)).toList());
  }

  private Adapter<DoubleTensor> part(
      Adapter<DoubleTensor> adapter, long at, long count, Doubles on) {
    return stacked
        ? RowBlocks.part(adapter, at, count, step.target().shape().dim(1), on)
        : RowBlocks.cut(adapter, at, count, on);
  }

  private DoubleTensor place(
      Variant variant, List<Adapter<DoubleTensor>> adapters, DoubleTensor untouched, Doubles on)
      throws IOException {
    DoubleTensor weight = untouched;
    for (int i = 0; i < adapters.size(); i++) {
      Applied applied = variant.step().applied().get(i);
      DoubleTensor next = place(weight, untouched, applied, adapters.get(i), variant.profile(), on);
      boolean rounds =
          variant.profile().between() == Profile.Between.BASE_DTYPE && i + 1 < adapters.size();
      weight = rounds ? on.round(next, from) : next;
    }
    return weight;
  }

  /// Applies one adapter to its view of the weight and puts the result back.
  private DoubleTensor place(
      DoubleTensor weight,
      DoubleTensor untouched,
      Applied applied,
      Adapter<DoubleTensor> adapter,
      Profile as,
      Doubles on)
      throws IOException {
    DoubleTensor seen = view(weight, step.source(), applied, on);
    DType through = through(applied, as);
    if (through != null) {
      seen = on.round(seen, through);
    }
    Site<DoubleTensor> site = new Site<>(seen, view(untouched, step.source(), applied, on), from);
    DoubleTensor result = bake(applied, adapter, site, as, on);
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
      Applied applied,
      Adapter<DoubleTensor> adapter,
      Site<DoubleTensor> site,
      Profile as,
      Doubles on) {
    try {
      return adapter.bake(site, applied.strength(), on, as);
    } catch (ShapeMismatch e) {
      throw new BakeException(
          applied.file().path(), applied.module().name(), String.valueOf(e.getMessage()));
    }
  }

  /// The dtype of the factors, where the runtime adds in it; null where it does not.
  private static @Nullable DType through(Applied applied, Profile as) {
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

  private void write(Way way, long at, DoubleTensor before, DoubleTensor after, Arena arena)
      throws IOException {
    DType to = way.variant.step().target().dtype();
    Survival.Meter meter = way.meter;
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
      Outcome.requireNumber(way.variant.step(), at + row, peak);
      if (meter.wants(at + row)) {
        Widen.toDoubles(bytes, row * columns, to, stored, 0, stored.length);
        for (int i = 0; i < stored.length; i++) {
          meter.element(before.at(row * columns + i), after.at(row * columns + i), stored[i]);
        }
      }
    }
    way.variant.sink().write(at * columns * to.bytes(), bytes);
  }
}
