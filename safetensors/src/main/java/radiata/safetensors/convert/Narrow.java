package radiata.safetensors.convert;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static radiata.safetensors.convert.Widen.DOUBLE;
import static radiata.safetensors.convert.Widen.FLOAT;
import static radiata.safetensors.convert.Widen.NATIVE;
import static radiata.safetensors.convert.Widen.SHORT;

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
      case F64 -> doublesOfFloats(from, at, count, bytes);
      case F32 -> MemorySegment.copy(from, at, bytes, FLOAT, 0, count);
      case F16 -> halvesOfFloats(from, at, count, bytes);
      case BF16 -> brainsOfFloats(from, at, count, bytes);
      case F8_E4M3 -> codesOfFloats(from, at, count, SmallFloat.F8_E4M3, bytes);
      case F8_E5M2 -> codesOfFloats(from, at, count, SmallFloat.F8_E5M2, bytes);
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
      case F64 -> MemorySegment.copy(from, NATIVE, 0, bytes, DOUBLE, 0, count);
      case F32 -> floatsOfDoubles(from, bytes, count);
      case F16 -> shortsOfDoubles(from, SmallFloat.F16, bytes, count);
      case BF16 -> shortsOfDoubles(from, SmallFloat.BF16, bytes, count);
      case F8_E4M3 -> codesOfDoubles(from, SmallFloat.F8_E4M3, bytes, count);
      case F8_E5M2 -> codesOfDoubles(from, SmallFloat.F8_E5M2, bytes, count);
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

  private static void doublesOfFloats(float[] from, int at, int count, MemorySegment into) {
    for (int i = 0; i < count; i++) {
      into.set(DOUBLE, 8L * i, from[at + i]);
    }
  }

  private static void halvesOfFloats(float[] from, int at, int count, MemorySegment into) {
    for (int i = 0; i < count; i++) {
      float x = from[at + i];
      int nan = Float.floatToRawIntBits(x) >>> 16 & 0x8000 | 0x7E00;
      into.set(SHORT, 2L * i, Float.isNaN(x) ? (short) nan : Float.floatToFloat16(x));
    }
  }

  private static void brainsOfFloats(float[] from, int at, int count, MemorySegment into) {
    for (int i = 0; i < count; i++) {
      int bits = Float.floatToRawIntBits(from[at + i]);
      int rounded = bits + 0x7FFF + (bits >>> 16 & 1);
      int nan = bits & 0x8000_0000 | 0x7FC0_0000;
      int kept = (bits & 0x7FFF_FFFF) > 0x7F80_0000 ? nan : rounded;
      into.set(SHORT, 2L * i, (short) (kept >>> 16));
    }
  }

  private static void codesOfFloats(
      float[] from, int at, int count, SmallFloat format, MemorySegment into) {
    for (int i = 0; i < count; i++) {
      into.set(JAVA_BYTE, i, (byte) format.encode(from[at + i]));
    }
  }

  private static void floatsOfDoubles(MemorySegment from, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(FLOAT, 4 * i, (float) from.get(NATIVE, 8 * i));
    }
  }

  private static void shortsOfDoubles(
      MemorySegment from, SmallFloat format, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(SHORT, 2 * i, (short) format.encode(from.get(NATIVE, 8 * i)));
    }
  }

  private static void codesOfDoubles(
      MemorySegment from, SmallFloat format, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(JAVA_BYTE, i, (byte) format.encode(from.get(NATIVE, 8 * i)));
    }
  }
}
