package radiata.bake;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.adapter.Adapter;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profile;
import radiata.names.Rows;
import radiata.names.Target;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Widen;
import radiata.tensor.DoubleTensor;
import radiata.tensor.Doubles;

/// Bakes low-rank adapters into one weight, a tile of rows at a time, in floats: widen, add the
/// product, norm, scale, narrow, while the row is in the cache. The weight is read and widened once
/// for all outputs, and what their adapters share is computed once. Memory is the adapters and a
/// tile for each output, whatever the weight.
final class FusedBake {
  private static final long TILE = 1 << 20;
  private static final long LEAST_TILE = 1 << 17;

  /// What one output does to some rows: adapters one after another.
  private record Region(long start, long count, List<FusedBranch> branches) {
    boolean holds(long row) {
      return row >= start && row < start + count;
    }
  }

  /// A stage is the same for all outputs that have this in common.
  private record Key(
      AdapterFile file, Adapter<TensorInfo> adapter, Target target, Shape view, Profile as) {}

  private final List<FusedOutput> outputs = new ArrayList<>();
  private final Map<Rows, Region> regions = new LinkedHashMap<>();
  private final Panels panels;
  private final long rows;
  private final DType from;
  private final RowGroup weight;
  private final RowGroup untouched;
  private long groups;

  private FusedBake(List<Variant> variants) {
    Step.Change step = variants.getFirst().step();
    Shape matrix = step.target().shape().matrix();
    this.panels = new Panels(Math.toIntExact(matrix.dim(1)));
    this.rows = matrix.dim(0);
    this.from = step.source().info().dtype();
    this.weight = new RowGroup(panels);
    this.untouched = new RowGroup(panels);
    variants.forEach(variant ->
        outputs.add(new FusedOutput(variant, panels, byRows(variant.step().applied()).keySet())));
  }

  /// Whether a change can be one of these, from its shapes alone. Floats are enough for outputs of
  /// 16 bits and less; a runtime that rounds between two adapters, or takes norms on the first
  /// weight, is left to the formula.
  static boolean suits(Step.Change step, Profile as) {
    DType to = step.target().dtype();
    if (to == DType.F32 || to == DType.F64 || step.target().shape().rank() < 2) {
      return false;
    }
    boolean alone = byRows(step.applied()).values().stream().allMatch(of -> of.size() == 1);
    boolean chains =
        as.between() == Profile.Between.UNROUNDED && as.norm() != Profile.Norm.UNTOUCHED_PLUS_DELTA;
    return (alone || chains)
        && step.applied().stream()
            .allMatch(a ->
                !a.target().transposed()
                    && a.pieces().isEmpty()
                    && FusedStage.suits(a.adapter(), a.whole(), as))
        && disjoint(byRows(step.applied()).keySet());
  }

  private static Map<Rows, List<Applied>> byRows(List<Applied> applied) {
    Map<Rows, List<Applied>> map = new LinkedHashMap<>();
    for (Applied each : applied) {
      Rows rows = each.target().rows();
      Rows key = rows == null ? new Rows(0, each.view().dim(0)) : rows;
      map.computeIfAbsent(key, k -> new ArrayList<>()).add(each);
    }
    return map;
  }

  private static boolean disjoint(Iterable<Rows> all) {
    for (Rows a : all) {
      for (Rows b : all) {
        if (!a.equals(b) && a.overlaps(b)) {
          return false;
        }
      }
    }
    return true;
  }

  /// Loads the adapters of changes of one weight that [#suits].
  static FusedBake of(List<Variant> variants) {
    FusedBake bake = new FusedBake(variants);
    Map<Key, FusedStage> stages = new HashMap<>();
    for (int v = 0; v < variants.size(); v++) {
      int output = v;
      bake.outputs.get(v).attempt(() -> bake.load(variants.get(output), output, stages));
    }
    return bake;
  }

  private void load(Variant variant, int output, Map<Key, FusedStage> stages) throws IOException {
    Map<Rows, List<FusedBranch.Use>> ways = new LinkedHashMap<>();
    for (Map.Entry<Rows, List<Applied>> entry : byRows(variant.step().applied()).entrySet()) {
      List<FusedBranch.Use> way = new ArrayList<>();
      for (Applied applied : entry.getValue()) {
        Key key =
            new Key(
                applied.file(),
                applied.adapter(),
                applied.target(),
                applied.view(),
                variant.profile());
        FusedStage stage = stages.get(key);
        if (stage == null) {
          stage = load(applied, variant.profile());
          stages.put(key, stage);
        }
        way.add(new FusedBranch.Use(stage, applied.strength()));
      }
      ways.put(entry.getKey(), way);
    }
    ways.forEach((rows, way) ->
        FusedBranch.add(
            regions
                .computeIfAbsent(
                    rows, key -> new Region(key.start(), key.count(), new ArrayList<>()))
                .branches(),
            way,
            output,
            panels));
  }

  private FusedStage load(Applied applied, Profile as) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Doubles on = new Doubles(arena);
      Adapter<DoubleTensor> adapter = RowBlocks.at(applied, AdapterTensors.load(applied, on), on);
      return FusedStage.of(adapter, applied.view(), from, as);
    }
  }

  /// Bakes all outputs.
  ///
  /// @return what rounding left in each output; empty for one that has failed
  /// @throws IOException if the weight cannot be read
  List<Optional<Survival>> run(Source source) throws IOException {
    for (Region region : regions.values()) {
      measureColumns(region, source);
    }
    long inRow = (long) panels.columns() * from.bytes();
    int tile = tile(Math.max(LEAST_TILE, TILE / outputs.size()), inRow);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment in = arena.allocate(Math.max(1, tile * inRow));
      outputs.forEach(output -> output.begin(tile, arena));
      for (long at = 0; at < rows; at += tile) {
        int count = (int) Math.min(tile, rows - at);
        source.read(at * inRow, in.asSlice(0, count * inRow));
        for (int i = 0; i < count; ) {
          i += group(in, at, i, count);
        }
        for (FusedOutput output : outputs) {
          output.flush(at, count);
        }
      }
    }
    return outputs.stream().map(FusedOutput::survival).toList();
  }

  private static int tile(long bytes, long rowBytes) {
    return (int) Math.max(1, Math.min(bytes / Math.max(1, rowBytes), 4096));
  }

  /// Takes the next rows of a tile through all adapters.
  ///
  /// @return how many
  private int group(MemorySegment in, long tile, int i, int left) throws IOException {
    long row = tile + i;
    int count = taken(row, left - i);
    boolean watched = false;
    for (int g = 0; g < count; g++) {
      watched |= outputs.getFirst().wants(row + g);
    }
    widen(in, i, count, weight);
    if (watched) {
      untouched.copyFrom(weight, count);
    }
    List<Region> here = regions.values().stream().filter(region -> region.holds(row)).toList();
    FusedBranch.Taker taker =
        (output, rows) -> outputs.get(output).take(row, i, rows, untouched, count, true);
    for (FusedOutput output : outputs) {
      if (!output.changes(row)) {
        output.keep(row, i, in, weight, count);
      }
    }
    for (int r = 0; r < here.size(); r++) {
      Region region = here.get(r);
      boolean spare = r == here.size() - 1;
      FusedBranch.run(region.branches(), (int) (row - region.start()), weight, count, spare, taker);
    }
    return count;
  }

  /// How many rows can be taken together: neighbours that lie in the same regions.
  private int taken(long row, int left) {
    long count = Math.min(RowGroup.ROWS, left);
    for (Region region : regions.values()) {
      for (long edge : new long[] {region.start(), region.start() + region.count()}) {
        if (edge > row) {
          count = Math.min(count, edge - row);
        }
      }
    }
    return (int) count;
  }

  /// Passes over the region for the adapters that need the norms of its columns: one for all first
  /// adapters, one for all second ones, and so on.
  private void measureColumns(Region region, Source source) throws IOException {
    long inRow = (long) panels.columns() * from.bytes();
    int tile = tile(TILE, inRow);
    for (int depth = 0; depth < FusedBranch.depth(region.branches()); depth++) {
      if (!FusedBranch.needsColumns(region.branches(), depth)) {
        continue;
      }
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment in = arena.allocate(Math.max(1, tile * inRow));
        for (long at = 0; at < region.count(); at += tile) {
          int count = (int) Math.min(tile, region.count() - at);
          source.read((region.start() + at) * inRow, in.asSlice(0, count * inRow));
          for (int i = 0; i < count; i += RowGroup.ROWS) {
            int taken = Math.min(RowGroup.ROWS, count - i);
            widen(in, i, taken, weight);
            FusedBranch.measure(region.branches(), depth, (int) at + i, weight, taken);
          }
        }
      }
      FusedBranch.measured(region.branches(), depth);
    }
  }

  private void widen(MemorySegment in, int first, int count, RowGroup into) {
    for (int g = 0; g < count; g++) {
      long at = (long) (first + g) * panels.columns();
      float[][] row = into.row(g);
      for (int p = 0; p < row.length; p++) {
        Widen.toFloats(in, at + panels.from(p), from, row[p], 0, row[p].length);
      }
    }
    into.changed();
    into.number(groups++);
  }
}
