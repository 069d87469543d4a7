package radiata.bake;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import radiata.convention.Profile;
import radiata.names.Rows;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.convert.Widen;
import radiata.tensor.Doubles;
import radiata.tensor.Kernels;

/// Bakes low-rank adapters into one weight, a tile of rows at a time, in floats: widen, add the
/// product, norm, scale, narrow, while the row is in the cache. Memory is the adapter and a tile,
/// whatever the weight.
final class FusedBake {
  private static final long TILE = 1 << 20;

  /// Rows of the weight that the same adapters change.
  private record Region(long start, long count, List<FusedStage> stages) {}

  private final Step.Change step;
  private final List<Region> regions;
  private final Panels panels;
  private final long rows;
  private final DType from;
  private final DType to;

  private FusedBake(Step.Change step, List<Region> regions) {
    this.step = step;
    this.regions = regions;
    Shape matrix = step.target().shape().matrix();
    this.panels = new Panels(Math.toIntExact(matrix.dim(1)));
    this.rows = matrix.dim(0);
    this.from = step.source().info().dtype();
    this.to = step.target().dtype();
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

  /// Loads the adapters of a change that [#suits].
  static FusedBake of(Step.Change step, Profile as) throws IOException {
    List<Region> regions = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      Doubles doubles = new Doubles(arena);
      for (Map.Entry<Rows, List<Applied>> entry : byRows(step.applied()).entrySet()) {
        List<FusedStage> stages = new ArrayList<>();
        for (Applied applied : entry.getValue()) {
          stages.add(
              FusedStage.of(
                  RowBlocks.at(applied, AdapterTensors.load(applied, doubles), doubles),
                  applied.view(),
                  applied.strength(),
                  step.source().info().dtype(),
                  as));
        }
        regions.add(new Region(entry.getKey().start(), entry.getKey().count(), stages));
      }
    }
    return new FusedBake(step, regions);
  }

  Survival run(Source source, Sink sink) throws IOException {
    for (Region region : regions) {
      measureColumns(region, source);
    }
    Survival.Meter meter = new Survival.Meter(to, step.target().shape());
    float[][][] group = panels.rows(FusedStage.ROWS);
    float[][][] first = panels.rows(FusedStage.ROWS);
    float[][] stored = panels.row();
    long inRow = (long) panels.columns() * from.bytes();
    long outRow = (long) panels.columns() * to.bytes();
    int tile = tile(inRow);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment in = arena.allocate(Math.max(1, tile * inRow));
      MemorySegment out = arena.allocate(Math.max(1, tile * outRow));
      for (long at = 0; at < rows; at += tile) {
        int count = (int) Math.min(tile, rows - at);
        source.read(at * inRow, in.asSlice(0, count * inRow));
        for (int i = 0; i < count; ) {
          Region region = region(at + i);
          if (region == null && from == to) {
            MemorySegment.copy(in, i * inRow, out, i * outRow, outRow);
            i++;
            continue;
          }
          int taken = region == null ? 1 : taken(region, at + i, count - i);
          for (int g = 0; g < taken; g++) {
            widen(in, i + g, group[g]);
            if (meter.wants(at + i + g) && region != null) {
              Panels.copy(group[g], first[g]);
            }
          }
          if (region != null) {
            change(region, (int) (at + i - region.start()), group, taken);
          }
          for (int g = 0; g < taken; g++) {
            check(region, g, at + i + g, group[g], meter);
            narrow(group[g], out, i + g);
            if (meter.wants(at + i + g) && region != null) {
              watch(meter, first[g], group[g], out, i + g, stored);
            }
          }
          i += taken;
        }
        sink.write(at * outRow, out.asSlice(0, count * outRow));
      }
    }
    return meter.done(step.target().name());
  }

  private static int tile(long rowBytes) {
    return (int) Math.max(1, Math.min(TILE / Math.max(1, rowBytes), 4096));
  }

  private @Nullable Region region(long row) {
    for (Region region : regions) {
      if (row >= region.start() && row < region.start() + region.count()) {
        return region;
      }
    }
    return null;
  }

  /// How many rows can be taken together: neighbours of one region, at most as many as a stage
  /// takes.
  private static int taken(Region region, long row, int left) {
    long inRegion = region.start() + region.count() - row;
    return (int) Math.min(FusedStage.ROWS, Math.min(inRegion, left));
  }

  private static void change(Region region, int o, float[][][] group, int count) {
    for (FusedStage stage : region.stages()) {
      stage.apply(o, group, count);
    }
  }

  /// One pass over the region for every stage that needs the norms of its columns, with the stages
  /// before it applied.
  private void measureColumns(Region region, Source source) throws IOException {
    float[][][] group = panels.rows(FusedStage.ROWS);
    long inRow = (long) panels.columns() * from.bytes();
    int tile = tile(inRow);
    for (int s = 0; s < region.stages().size(); s++) {
      FusedStage stage = region.stages().get(s);
      if (!stage.needsColumns()) {
        continue;
      }
      stage.beginColumns();
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment in = arena.allocate(Math.max(1, tile * inRow));
        for (long at = 0; at < region.count(); at += tile) {
          int count = (int) Math.min(tile, region.count() - at);
          source.read((region.start() + at) * inRow, in.asSlice(0, count * inRow));
          for (int i = 0; i < count; ) {
            int taken = Math.min(FusedStage.ROWS, count - i);
            for (int g = 0; g < taken; g++) {
              widen(in, i + g, group[g]);
            }
            for (FusedStage earlier : region.stages().subList(0, s)) {
              earlier.apply((int) at + i, group, taken);
            }
            stage.measure((int) at + i, group, taken);
            i += taken;
          }
        }
      }
      stage.endColumns();
    }
  }

  private void widen(MemorySegment in, int row, float[][] into) {
    long at = (long) row * panels.columns();
    for (int p = 0; p < into.length; p++) {
      Widen.toFloats(in, at + panels.from(p), from, into[p], 0, into[p].length);
    }
  }

  private void narrow(float[][] row, MemorySegment out, int at) {
    long first = (long) at * panels.columns();
    for (int p = 0; p < row.length; p++) {
      Narrow.fromNumbers(row[p], 0, row[p].length, to, out, first + panels.from(p));
    }
  }

  /// Looks for NaN and for what the output cannot hold, unless the row's norm already rules them
  /// out.
  private void check(@Nullable Region region, int g, long at, float[][] row, Survival.Meter meter) {
    double bound = region == null ? Double.NaN : region.stages().getLast().bound(g);
    if (Double.isFinite(bound) && !Narrow.overflows(bound, to)) {
      return;
    }
    float peak = 0;
    for (float[] part : row) {
      peak = Kernels.peak(part, peak);
    }
    Outcome.requireNumber(step, at, peak);
    if (Narrow.overflows(peak, to)) {
      for (float[] part : row) {
        for (float value : part) {
          meter.overflow(value);
        }
      }
    }
  }

  private void watch(
      Survival.Meter meter,
      float[][] first,
      float[][] exact,
      MemorySegment out,
      int at,
      float[][] stored) {
    long start = (long) at * panels.columns();
    for (int p = 0; p < exact.length; p++) {
      Widen.toFloats(out, start + panels.from(p), to, stored[p], 0, stored[p].length);
      for (int i = 0; i < exact[p].length; i++) {
        meter.element(first[p][i], exact[p][i], stored[p][i]);
      }
    }
  }
}
