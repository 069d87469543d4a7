package radiata.safetensors.convert;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.DType;

/// Stores numbers of one dtype as another, rounding each once to nearest even, and counts those
/// that the other cannot hold.
public final class Recast {
  private final DType from;
  private final DType to;
  private final @Nullable Change change;
  private final float[] floats;
  private final double[] doubles;
  private final double largest;
  private final MemorySegment out;
  private MemorySegment result = MemorySegment.NULL;

  /// What is done to numbers before they are stored anew.
  @FunctionalInterface
  public interface Change {
    /// Changes the first `count` of the numbers where they stand.
    ///
    /// @param first the place of the first number in its tensor
    void apply(double[] numbers, int count, long first);
  }

  /// From one dtype to another.
  ///
  /// @param most the most elements at a time
  public Recast(DType from, DType to, int most, Arena arena) {
    this(from, to, null, most, arena);
  }

  /// From one dtype to another, the numbers changed on the way.
  ///
  /// @param change null for none
  /// @param most the most elements at a time
  public Recast(DType from, DType to, @Nullable Change change, int most, Arena arena) {
    this.from = from;
    this.to = to;
    this.change = change;
    boolean wide = change != null || from == DType.F64;
    this.floats = new float[kept() || wide ? 0 : most];
    this.doubles = new double[kept() || !wide ? 0 : most];
    this.largest = kept() ? 0 : FloatType.of(to).largest;
    this.out = kept() ? MemorySegment.NULL : arena.allocate(Math.max(1, (long) most * to.bytes()));
  }

  private boolean kept() {
    return from == to && change == null;
  }

  /// Takes the first elements of a tensor, or some whose place does not matter.
  ///
  /// @return how many finite ones of them become infinite or NaN
  public long of(MemorySegment elements, int count) {
    return of(elements, count, 0);
  }

  /// Takes elements; their bytes are then [#bytes].
  ///
  /// @param first the place of the first of them in their tensor
  /// @return how many finite ones of them become infinite or NaN
  public long of(MemorySegment elements, int count, long first) {
    if (kept()) {
      result = elements;
      return 0;
    }
    result = out;
    // Every value of the other types is exact in a float.
    if (doubles.length == 0) {
      Widen.toFloats(elements, 0, from, floats, 0, count);
      Narrow.fromFloats(floats, 0, count, to, out, 0);
      return overflows(floats, count);
    }
    Widen.toDoubles(elements, 0, from, doubles, 0, count);
    if (change != null) {
      change.apply(doubles, count, first);
    }
    Narrow.fromDoubles(doubles, 0, count, to, out, 0);
    return overflows(doubles, count);
  }

  /// The first `count` elements of what was taken last.
  public MemorySegment bytes(int count) {
    return result.asSlice(0, (long) count * to.bytes());
  }

  private long overflows(double[] values, int count) {
    long over = 0;
    for (int i = 0; i < count; i++) {
      over += Math.abs(values[i]) > largest && Narrow.overflows(values[i], to) ? 1 : 0;
    }
    return over;
  }

  private long overflows(float[] values, int count) {
    long over = 0;
    for (int i = 0; i < count; i++) {
      over += Math.abs(values[i]) > largest && Narrow.overflows(values[i], to) ? 1 : 0;
    }
    return over;
  }
}
