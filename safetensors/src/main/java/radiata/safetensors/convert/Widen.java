package radiata.safetensors.convert;

import static radiata.safetensors.convert.Layouts.BYTE;
import static radiata.safetensors.convert.Layouts.DOUBLE;
import static radiata.safetensors.convert.Layouts.FLOAT;
import static radiata.safetensors.convert.Layouts.INT;
import static radiata.safetensors.convert.Layouts.LONG;
import static radiata.safetensors.convert.Layouts.NATIVE_DOUBLE;
import static radiata.safetensors.convert.Layouts.SHORT;

import java.lang.foreign.MemorySegment;
import radiata.safetensors.DType;

/// Reads tensor bytes (little-endian, at any alignment) as numbers. Every value of F16, BF16,
/// F8_E4M3 and F8_E5M2 is exact in a float, every one of F32 in a double; infinities and NaN stay
/// what they are. Positions and counts are in elements.
public final class Widen {
  private static final float[] E4M3 = SmallFloat.F8_E4M3.values();
  private static final float[] E5M2 = SmallFloat.F8_E5M2.values();

  private Widen() {}

  /// Elements of `from` as floats. F64 is the one type that is rounded here, to nearest even.
  ///
  /// @throws IllegalArgumentException if `dtype` is none of F64, F32, F16, BF16, F8_E4M3, F8_E5M2
  /// @throws IndexOutOfBoundsException if either side is too short
  public static void toFloats(
      MemorySegment from, long fromElement, DType dtype, float[] into, int at, int count) {
    FloatType type = FloatType.of(dtype);
    MemorySegment bytes = from.asSlice(fromElement * type.bytes, (long) count * type.bytes);
    switch (type) {
      case F64 -> FloatLoops.ofDoubles(bytes, into, at, count);
      case F32 -> MemorySegment.copy(bytes, FLOAT, 0, into, at, count);
      case F16 -> FloatLoops.ofHalves(bytes, into, at, count);
      case BF16 -> FloatLoops.ofBrains(bytes, into, at, count);
      case F8_E4M3 -> FloatLoops.ofCodes(bytes, E4M3, into, at, count);
      case F8_E5M2 -> FloatLoops.ofCodes(bytes, E5M2, into, at, count);
    }
  }

  /// Elements of `from` as doubles in this machine's byte order; no value is rounded.
  ///
  /// @throws IllegalArgumentException if `dtype` is none of F64, F32, F16, BF16, F8_E4M3, F8_E5M2
  /// @throws IndexOutOfBoundsException if either side is too short
  public static void toDoubles(
      MemorySegment from,
      long fromElement,
      DType dtype,
      MemorySegment intoDoubles,
      long at,
      long count) {
    FloatType type = FloatType.of(dtype);
    MemorySegment bytes = from.asSlice(fromElement * type.bytes, count * type.bytes);
    MemorySegment into = intoDoubles.asSlice(at * Double.BYTES, count * Double.BYTES);
    switch (type) {
      case F64 -> MemorySegment.copy(bytes, DOUBLE, 0, into, NATIVE_DOUBLE, 0, count);
      case F32 -> DoubleLoops.ofFloats(bytes, into, count);
      case F16 -> DoubleLoops.ofHalves(bytes, into, count);
      case BF16 -> DoubleLoops.ofBrains(bytes, into, count);
      case F8_E4M3 -> DoubleLoops.ofCodes(bytes, E4M3, into, count);
      case F8_E5M2 -> DoubleLoops.ofCodes(bytes, E5M2, into, count);
    }
  }

  /// Elements of `from` as doubles; no value is rounded.
  ///
  /// @throws IllegalArgumentException if `dtype` is none of F64, F32, F16, BF16, F8_E4M3, F8_E5M2
  /// @throws IndexOutOfBoundsException if either side is too short
  public static void toDoubles(
      MemorySegment from, long fromElement, DType dtype, double[] into, int at, int count) {
    toDoubles(from, fromElement, dtype, MemorySegment.ofArray(into), at, count);
  }

  /// The first element of `from`, of any type that is one number: what an alpha, a counter or a
  /// flag says. BOOL is 0 or 1; I64 and U64 beyond 2^53 are rounded to nearest even.
  ///
  /// @throws IllegalArgumentException for C64, F4, F6_*, F8_E8M0 and F8_*FNUZ
  /// @throws IndexOutOfBoundsException if `from` is shorter than one element
  public static double scalar(MemorySegment from, DType dtype) {
    return switch (dtype) {
      case F64 -> from.get(DOUBLE, 0);
      case F32 -> from.get(FLOAT, 0);
      case F16 -> Float.float16ToFloat(from.get(SHORT, 0));
      case BF16 -> Float.intBitsToFloat(from.get(SHORT, 0) << 16);
      case F8_E4M3 -> E4M3[from.get(BYTE, 0) & 0xFF];
      case F8_E5M2 -> E5M2[from.get(BYTE, 0) & 0xFF];
      case BOOL -> from.get(BYTE, 0) == 0 ? 0 : 1;
      case I8 -> from.get(BYTE, 0);
      case U8 -> from.get(BYTE, 0) & 0xFF;
      case I16 -> from.get(SHORT, 0);
      case U16 -> from.get(SHORT, 0) & 0xFFFF;
      case I32 -> from.get(INT, 0);
      case U32 -> from.get(INT, 0) & 0xFFFF_FFFFL;
      case I64 -> from.get(LONG, 0);
      case U64 -> unsigned(from.get(LONG, 0));
      case C64, F4, F6_E2M3, F6_E3M2, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ ->
          throw new IllegalArgumentException(dtype + " is not one number");
    };
  }

  /// Halving with the lost bit kept below makes the upper half of the range round once, like the
  /// lower one.
  private static double unsigned(long bits) {
    return bits >= 0 ? bits : (double) (bits >>> 1 | bits & 1) * 2;
  }
}
