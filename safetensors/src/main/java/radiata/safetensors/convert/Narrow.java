package radiata.safetensors.convert;

import static radiata.safetensors.convert.Layouts.DOUBLE;
import static radiata.safetensors.convert.Layouts.FLOAT;
import static radiata.safetensors.convert.Layouts.NATIVE_DOUBLE;

import java.lang.foreign.MemorySegment;
import radiata.safetensors.DType;

/// Writes numbers as tensor bytes (little-endian, at any alignment): one rounding to nearest even,
/// from the type the number comes in straight to the type it is stored in. Positions and counts are
/// in elements.
///
/// What lies beyond the largest value becomes infinity, as IEEE 754 and torch have it; F8_E4M3 has
/// none and takes NaN, as torch's `.to(float8_e4m3fn)` does: from above 464 on, the midpoint to the
/// 480 that it lacks. NaN stays NaN and keeps its sign; in formats of at most 16 bits it has one
/// code (`7E00`, `7FC0`, `7F`), so that bytes never depend on how a machine passes payloads on.
public final class Narrow {
  /// Floats that fit the first-level cache.
  private static final int BLOCK = 1024;

  private static final byte[] E4M3 = SmallFloat.F8_E4M3.codesOfJammed();
  private static final byte[] E5M2 = SmallFloat.F8_E5M2.codesOfJammed();

  private Narrow() {}

  /// Stores floats.
  ///
  /// @throws IllegalArgumentException if `dtype` is none of F64, F32, F16, BF16, F8_E4M3, F8_E5M2
  /// @throws IndexOutOfBoundsException if either side is too short
  public static void fromFloats(
      float[] from, int at, int count, DType dtype, MemorySegment into, long intoElement) {
    FloatType type = FloatType.of(dtype);
    MemorySegment bytes = into.asSlice(intoElement * type.bytes, (long) count * type.bytes);
    switch (type) {
      case F64 -> FloatLoops.toDoubles(from, at, count, bytes);
      case F32 -> MemorySegment.copy(from, at, bytes, FLOAT, 0, count);
      case F16 -> toShorts(from, at, count, SmallFloat.F16, bytes);
      case BF16 -> toShorts(from, at, count, SmallFloat.BF16, bytes);
      case F8_E4M3 -> FloatLoops.toCodes(from, at, count, E4M3, bytes);
      case F8_E5M2 -> FloatLoops.toCodes(from, at, count, E5M2, bytes);
    }
  }

  /// Stores doubles that lie in this machine's byte order.
  ///
  /// @throws IllegalArgumentException if `dtype` is none of F64, F32, F16, BF16, F8_E4M3, F8_E5M2
  /// @throws IndexOutOfBoundsException if either side is too short
  public static void fromDoubles(
      MemorySegment fromDoubles,
      long at,
      DType dtype,
      MemorySegment into,
      long intoElement,
      long count) {
    FloatType type = FloatType.of(dtype);
    MemorySegment from = fromDoubles.asSlice(at * Double.BYTES, count * Double.BYTES);
    MemorySegment bytes = into.asSlice(intoElement * type.bytes, count * type.bytes);
    switch (type) {
      case F64 -> MemorySegment.copy(from, NATIVE_DOUBLE, 0, bytes, DOUBLE, 0, count);
      case F32 -> DoubleLoops.toFloats(from, bytes, count);
      case F16 -> DoubleLoops.toShorts(from, SmallFloat.F16, bytes, count);
      case BF16 -> DoubleLoops.toShorts(from, SmallFloat.BF16, bytes, count);
      case F8_E4M3 -> DoubleLoops.toCodes(from, SmallFloat.F8_E4M3, bytes, count);
      case F8_E5M2 -> DoubleLoops.toCodes(from, SmallFloat.F8_E5M2, bytes, count);
    }
  }

  /// Stores doubles.
  ///
  /// @throws IllegalArgumentException if `dtype` is none of F64, F32, F16, BF16, F8_E4M3, F8_E5M2
  /// @throws IndexOutOfBoundsException if either side is too short
  public static void fromDoubles(
      double[] from, int at, int count, DType dtype, MemorySegment into, long intoElement) {
    fromDoubles(MemorySegment.ofArray(from), at, dtype, into, intoElement, count);
  }

  /// What an element of type `to` would hold if `x` were stored in it.
  ///
  /// @throws IllegalArgumentException if `to` is none of F64, F32, F16, BF16, F8_E4M3, F8_E5M2
  public static double round(double x, DType to) {
    return switch (FloatType.of(to)) {
      case F64 -> x;
      case F32 -> (float) x;
      case F16 -> SmallFloat.F16.round(x);
      case BF16 -> SmallFloat.BF16.round(x);
      case F8_E4M3 -> SmallFloat.F8_E4M3.round(x);
      case F8_E5M2 -> SmallFloat.F8_E5M2.round(x);
    };
  }

  /// Whether the finite number `x` would be infinite, or NaN in F8_E4M3, once stored as `to`.
  ///
  /// @throws IllegalArgumentException if `to` is none of F64, F32, F16, BF16, F8_E4M3, F8_E5M2
  public static boolean overflows(double x, DType to) {
    return Double.isFinite(x) && !Double.isFinite(round(x, to));
  }

  /// One pass looks for NaN while the block is on its way into the cache, so that the loop proper
  /// need not; a block with a NaN is left to the slow loop.
  private static void toShorts(
      float[] from, int at, int count, SmallFloat format, MemorySegment into) {
    for (int done = 0; done < count; done += BLOCK) {
      int first = at + done;
      int length = Math.min(BLOCK, count - done);
      MemorySegment part = into.asSlice(2L * done);
      if (FloatLoops.anyNan(from, first, length)) {
        FloatLoops.toShorts(from, first, length, format, part);
      } else if (format == SmallFloat.F16) {
        FloatLoops.toHalves(from, first, length, part);
      } else {
        FloatLoops.toBrains(from, first, length, part);
      }
    }
  }
}
