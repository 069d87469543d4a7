package radiata.adapter.dialect;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import radiata.convention.Algorithm;
import radiata.names.Rows;
import radiata.safetensors.Shape;

/// Low-rank pairs of separate layers as one pair for their fused weight: the downs under each
/// other, the ups along a diagonal (sd-scripts 48d368fa `networks/convert_flux_lora.py`), and the
/// way back.
///
/// @param ranges for each part the columns of up that are not 0 in its rows; null for a part whose
///   rows are all 0
record Blocks(Layer layer, List<List<Rows>> runs, List<@Nullable Rows> ranges) {

  /// The blocks of a pair whose up is 0 beside a diagonal; null for any other.
  static @Nullable Blocks of(Layer layer, List<List<Rows>> runs) throws IOException {
    boolean pair = layer.algorithm() == Algorithm.LORA && !layer.parts().containsKey(Layer.MID);
    if (!pair || runs.size() < 2) {
      return null;
    }
    List<@Nullable Rows> ranges = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      Content up = layer.part(Layer.UP);
      MemorySegment bytes = up.read(arena);
      long columns = up.shape().matrix().dim(1);
      for (List<Rows> part : runs) {
        ranges.add(used(bytes, columns, up.dtype().bytes(), part));
      }
    }
    long end = 0;
    for (Rows range : ranges) {
      if (range == null ? layer.magnitude() != null : range.start() < end) {
        return null;
      }
      end = range == null ? end : range.end();
    }
    return new Blocks(layer, runs, widened(ranges, layer.rank().orElseThrow()));
  }

  private static @Nullable Rows used(MemorySegment up, long columns, int width, List<Rows> runs) {
    long first = columns;
    long last = -1;
    for (Rows run : runs) {
      for (long row = run.start(); row < run.end(); row++) {
        for (long column = 0; column < columns; column++) {
          if ((column < first || column > last)
              && !isZero(up, (row * columns + column) * width, width)) {
            first = Math.min(first, column);
            last = Math.max(last, column);
          }
        }
      }
    }
    return last < 0 ? null : new Rows(first, last - first + 1);
  }

  /// Minus zero is no zero here: it has to come back.
  private static boolean isZero(MemorySegment bytes, long at, int width) {
    for (int i = 0; i < width; i++) {
      if (bytes.get(JAVA_BYTE, at + i) != 0) {
        return false;
      }
    }
    return true;
  }

  /// Columns that are 0 everywhere go to the block before them, or the first one.
  private static List<@Nullable Rows> widened(List<@Nullable Rows> ranges, int rank) {
    List<@Nullable Rows> wide = new ArrayList<>();
    int left = (int) ranges.stream().filter(range -> range != null).count();
    long start = 0;
    for (int i = 0; i < ranges.size(); i++) {
      Rows range = ranges.get(i);
      if (range == null) {
        wide.add(null);
        continue;
      }
      left--;
      long end = rank;
      for (int j = i + 1; left > 0 && j < ranges.size(); j++) {
        Rows next = ranges.get(j);
        if (next != null) {
          end = next.start();
          break;
        }
      }
      wide.add(new Rows(start, end - start));
      start = end;
    }
    return wide;
  }

  /// What stands on the diagonal for a part; null where there is nothing.
  @Nullable Layer part(int index) {
    Rows range = ranges.get(index);
    if (range == null) {
      return null;
    }
    Layer cut = Relayout.rows(layer, runs.get(index));
    SequencedMap<String, Content> parts = new LinkedHashMap<>(cut.parts());
    Content up = cut.part(Layer.UP);
    long[] dims = up.shape().dims();
    dims[1] = range.count();
    parts.put(Layer.UP, new Content.Columns(up, range.start(), Shape.of(dims)));
    parts.put(Layer.DOWN, new Content.Picked(cut.part(Layer.DOWN), List.of(range)));
    double alpha = layer.alpha() * range.count() / layer.rank().orElseThrow();
    if (parts.containsKey(Layer.ALPHA) && range.count() != layer.rank().orElseThrow()) {
      parts.put(Layer.ALPHA, Content.Scalar.alpha(alpha));
    }
    return cut.with(parts, Math.toIntExact(range.count()), alpha);
  }

  /// The first ranks of a pair, its alpha as it is.
  static Layer first(Layer layer, int ranks) {
    SequencedMap<String, Content> parts = new LinkedHashMap<>(layer.parts());
    long[] dims = layer.part(Layer.UP).shape().dims();
    dims[1] = ranks;
    parts.put(Layer.UP, new Content.Columns(layer.part(Layer.UP), 0, Shape.of(dims)));
    parts.put(Layer.DOWN, new Content.Picked(layer.part(Layer.DOWN), List.of(new Rows(0, ranks))));
    return layer.with(parts, ranks, layer.alpha());
  }

  /// One pair for a fused weight.
  ///
  /// @param mayRound whether scales that differ may be folded into up where that rounds
  /// @throws Unwritable if dtypes differ, or scales that may not be folded
  static Layer join(List<Relayout.Part> parts, boolean mayRound) {
    Layer first = null;
    int rank = 0;
    double least = Double.MAX_VALUE;
    for (Relayout.Part part : parts) {
      Layer layer = part.layer();
      if (layer != null) {
        first = first == null ? layer : first;
        rank += layer.rank().orElseThrow();
        least = Math.min(least, Math.abs(layer.scale()));
      }
    }
    if (first == null) {
      throw new IllegalArgumentException("no part is changed");
    }
    List<Content> ups = new ArrayList<>();
    List<Content> downs = new ArrayList<>();
    for (Relayout.Part part : parts) {
      Layer layer = part.layer();
      if (layer == null) {
        ups.add(new Content.Zeros(first.part(Layer.UP).dtype(), Shape.of(part.rows(), 0)));
        continue;
      }
      requireDtype(first, layer);
      double factor = layer.scale() == least ? 1 : layer.scale() / least;
      Content up = layer.part(Layer.UP);
      if (factor != 1 && !mayRound && !isPowerOfTwo(factor)) {
        throw new Unwritable(
            "q, k and v have different scales, and folding %s into up would round; --dtype fp32 allows it"
                .formatted(factor));
      }
      ups.add(factor == 1 ? up : new Content.Scaled(up, factor, up.dtype()));
      downs.add(layer.part(Layer.DOWN));
    }
    SequencedMap<String, Content> joined = new LinkedHashMap<>(first.parts());
    long rows = parts.stream().mapToLong(Relayout.Part::rows).sum();
    long[] dims = first.part(Layer.UP).shape().dims();
    dims[0] = rows;
    dims[1] = rank;
    joined.put(Layer.UP, new Content.Diagonal(ups, Shape.of(dims)));
    joined.put(Layer.DOWN, new Content.Stacked(downs));
    // Products before the quotient: equal alphas and ranks give a multiple without rounding.
    double alpha =
        Math.abs(first.scale()) == least
            ? first.alpha() * rank / first.rank().orElseThrow()
            : least * rank;
    if (joined.containsKey(Layer.ALPHA)) {
      joined.put(Layer.ALPHA, Content.Scalar.alpha(alpha));
    }
    for (String part : first.rowParts().keySet()) {
      if (!part.equals(Layer.UP)) {
        joined.put(part, Relayout.stacked(parts, part, 1, first.part(part)));
      }
    }
    return first.with(joined, rank, alpha);
  }

  private static void requireDtype(Layer first, Layer other) {
    for (String part : List.of(Layer.UP, Layer.DOWN)) {
      if (first.part(part).dtype() != other.part(part).dtype()) {
        throw new Unwritable(
            "q, k and v are stored in %s and %s"
                .formatted(first.part(part).dtype(), other.part(part).dtype()));
      }
    }
  }

  private static boolean isPowerOfTwo(double factor) {
    return Double.isFinite(factor) && Math.abs(factor) == Math.scalb(1.0, Math.getExponent(factor));
  }
}
