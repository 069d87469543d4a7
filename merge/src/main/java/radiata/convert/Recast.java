package radiata.convert;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import radiata.safetensors.DType;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.convert.Widen;

/// Stores numbers of one dtype as another, rounding each once to nearest even, and counts those
/// that the other cannot hold.
final class Recast {
  private final DType from;
  private final DType to;
  private final float[] floats;
  private final double[] doubles;
  private final MemorySegment out;
  private MemorySegment result = MemorySegment.NULL;

  /// From one dtype to another.
  ///
  /// @param most the most elements at a time
  Recast(DType from, DType to, int most, Arena arena) {
    this.from = from;
    this.to = to;
    boolean same = from == to;
    boolean wide = from == DType.F64;
    this.floats = new float[same || wide ? 0 : most];
    this.doubles = new double[same || !wide ? 0 : most];
    this.out = same ? MemorySegment.NULL : arena.allocate(Math.max(1, (long) most * to.bytes()));
  }

  /// Takes elements; their bytes are then [#bytes].
  ///
  /// @return how many finite ones of them become infinite or NaN
  long of(MemorySegment elements, int count) {
    if (from == to) {
      result = elements;
      return 0;
    }
    result = out;
    // Every value of the other types is exact in a float.
    if (from == DType.F64) {
      Widen.toDoubles(elements, 0, from, doubles, 0, count);
      Narrow.fromDoubles(doubles, 0, count, to, out, 0);
      return overflows(doubles, count);
    }
    Widen.toFloats(elements, 0, from, floats, 0, count);
    Narrow.fromFloats(floats, 0, count, to, out, 0);
    return overflows(floats, count);
  }

  /// The first `count` elements of what was taken last.
  MemorySegment bytes(int count) {
    return result.asSlice(0, (long) count * to.bytes());
  }

  private long overflows(double[] values, int count) {
    double most = largest(to);
    long over = 0;
    for (int i = 0; i < count; i++) {
      over += Math.abs(values[i]) > most && Narrow.overflows(values[i], to) ? 1 : 0;
    }
    return over;
  }

  private long overflows(float[] values, int count) {
    double most = largest(to);
    long over = 0;
    for (int i = 0; i < count; i++) {
      over += Math.abs(values[i]) > most && Narrow.overflows(values[i], to) ? 1 : 0;
    }
    return over;
  }

  /// What need not be looked at closely: no smaller number overflows.
  private static double largest(DType type) {
    return switch (type) {
      case F8_E4M3 -> 448;
      case F8_E5M2 -> 57_344;
      case F16 -> 65_504;
      case BF16 -> 0x1.FEp127;
      case F32 -> Float.MAX_VALUE;
      case BOOL,
          F4,
          F6_E2M3,
          F6_E3M2,
          U8,
          I8,
          F8_E8M0,
          F8_E4M3FNUZ,
          F8_E5M2FNUZ,
          I16,
          U16,
          I32,
          U32,
          C64,
          F64,
          I64,
          U64 ->
          Double.MAX_VALUE;
    };
  }
}
