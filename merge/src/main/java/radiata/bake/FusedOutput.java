package radiata.bake;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;
import radiata.names.Rows;
import radiata.safetensors.DType;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.convert.Widen;
import radiata.tensor.Kernels;

/// The rows of one output of a [FusedBake] on their way out: looked at, narrowed, gathered in a
/// tile, written.
final class FusedOutput {
  private final Variant variant;
  private final Panels panels;
  private final Set<Rows> changed;
  private final DType from;
  private final DType to;
  private final Survival.Meter meter;
  private final float[][] stored;
  private MemorySegment out = MemorySegment.NULL;
  private boolean alive = true;

  FusedOutput(Variant variant, Panels panels, Set<Rows> changed) {
    this.variant = variant;
    this.panels = panels;
    this.changed = changed;
    this.from = variant.step().source().info().dtype();
    this.to = variant.step().target().dtype();
    this.meter = new Survival.Meter(to, variant.step().target().shape());
    this.stored = panels.row();
  }

  void attempt(Variant.Attempt what) {
    if (alive) {
      alive = variant.attempt(what);
    }
  }

  /// @param tile rows
  void begin(int tile, Arena arena) {
    out = arena.allocate(Math.max(1, (long) tile * panels.columns() * to.bytes()));
  }

  /// Whether an adapter of this output changes that row.
  boolean changes(long row) {
    for (Rows rows : changed) {
      if (row >= rows.start() && row < rows.start() + rows.count()) {
        return true;
      }
    }
    return false;
  }

  /// Whether this row is one of those whose rounding is looked at.
  boolean wants(long row) {
    return meter.wants(row);
  }

  /// Takes rows that no adapter of this output changes.
  void keep(long row, int at, MemorySegment in, RowGroup weight, int count) {
    if (from == to) {
      long bytes = (long) panels.columns() * to.bytes();
      MemorySegment.copy(in, at * bytes, out, at * bytes, count * bytes);
      return;
    }
    attempt(() -> take(row, at, weight, weight, count, false));
  }

  /// Takes rows as they shall be.
  ///
  /// @param row the place of the first in the weight, `at` in the tile
  /// @param before the base's values, where a row is looked at
  void take(long row, int at, RowGroup rows, RowGroup before, int count, boolean watched) {
    attempt(() -> {
      for (int i = 0; i < count; i++) {
        check(row + i, rows, i);
        narrow(rows.row(i), at + i);
        if (watched && meter.wants(row + i)) {
          watch(before.row(i), rows.row(i), at + i);
        }
      }
    });
  }

  /// Writes a tile.
  void flush(long row, int count) {
    long bytes = (long) panels.columns() * to.bytes();
    attempt(() -> variant.sink().write(row * bytes, out.asSlice(0, count * bytes)));
  }

  Optional<Survival> survival() {
    return alive ? Optional.of(meter.done(variant.step().target().name())) : Optional.empty();
  }

  private void narrow(float[][] row, int at) {
    long first = (long) at * panels.columns();
    for (int p = 0; p < row.length; p++) {
      Narrow.fromNumbers(row[p], 0, row[p].length, to, out, first + panels.from(p));
    }
  }

  /// Looks for NaN and for what the output cannot hold, unless the row's norm already rules them
  /// out.
  private void check(long row, RowGroup rows, int i) {
    double bound = rows.bound(i);
    if (Double.isFinite(bound) && !Narrow.overflows(bound, to)) {
      return;
    }
    float peak = 0;
    for (float[] part : rows.row(i)) {
      peak = Kernels.peak(part, peak);
    }
    Outcome.requireNumber(variant.step(), row, peak);
    if (Narrow.overflows(peak, to)) {
      for (float[] part : rows.row(i)) {
        for (float value : part) {
          meter.overflow(value);
        }
      }
    }
  }

  private void watch(float[][] before, float[][] exact, int at) {
    long start = (long) at * panels.columns();
    for (int p = 0; p < exact.length; p++) {
      Widen.toFloats(out, start + panels.from(p), to, stored[p], 0, stored[p].length);
      for (int i = 0; i < exact[p].length; i++) {
        meter.element(before[p][i], exact[p][i], stored[p][i]);
      }
    }
  }
}
