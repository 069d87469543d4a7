package radiata.safetensors.convert;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import radiata.safetensors.DType;

/// Reads tensor bytes (little-endian, at any alignment) as numbers. Every value of F16, BF16,
/// F8_E4M3 and F8_E5M2 is exact in a float, every one of F32 in a double; infinities and NaN stay
/// what they are. Positions and counts are in elements.
public final class Widen {
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /// Doubles in the order of this machine.
  static final ValueLayout.OfDouble NATIVE = ValueLayout.JAVA_DOUBLE_UNALIGNED;

  private static final float[] E4M3 = SmallFloat.F8_E4M3.table();
  private static final float[] E5M2 = SmallFloat.F8_E5M2.table();

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
      case F64 -> floatsOfDoubles(bytes, into, at, count);
      case F32 -> MemorySegment.copy(bytes, FLOAT, 0, into, at, count);
      case F16 -> floatsOfHalves(bytes, into, at, count);
      case BF16 -> floatsOfBrains(bytes, into, at, count);
      case F8_E4M3 -> floatsByTable(bytes, E4M3, into, at, count);
      case F8_E5M2 -> floatsByTable(bytes, E5M2, into, at, count);
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
      case F64 -> MemorySegment.copy(bytes, DOUBLE, 0, into, NATIVE, 0, count);
      case F32 -> doublesOfFloats(bytes, into, count);
      case F16 -> doublesOfHalves(bytes, into, count);
      case BF16 -> doublesOfBrains(bytes, into, count);
      case F8_E4M3 -> doublesByTable(bytes, E4M3, into, count);
      case F8_E5M2 -> doublesByTable(bytes, E5M2, into, count);
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
      case F8_E4M3 -> E4M3[from.get(JAVA_BYTE, 0) & 0xFF];
      case F8_E5M2 -> E5M2[from.get(JAVA_BYTE, 0) & 0xFF];
      case BOOL -> from.get(JAVA_BYTE, 0) == 0 ? 0 : 1;
      case I8 -> from.get(JAVA_BYTE, 0);
      case U8 -> from.get(JAVA_BYTE, 0) & 0xFF;
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

  private static void floatsOfDoubles(MemorySegment from, float[] into, int at, int count) {
    for (int i = 0; i < count; i++) {
      into[at + i] = (float) from.get(DOUBLE, 8L * i);
    }
  }

  private static void floatsOfHalves(MemorySegment from, float[] into, int at, int count) {
    for (int i = 0; i < count; i++) {
      into[at + i] = Float.float16ToFloat(from.get(SHORT, 2L * i));
    }
  }

  private static void floatsOfBrains(MemorySegment from, float[] into, int at, int count) {
    for (int i = 0; i < count; i++) {
      into[at + i] = Float.intBitsToFloat(from.get(SHORT, 2L * i) << 16);
    }
  }

  private static void floatsByTable(
      MemorySegment from, float[] table, float[] into, int at, int count) {
    for (int i = 0; i < count; i++) {
      into[at + i] = table[from.get(JAVA_BYTE, i) & 0xFF];
    }
  }

  private static void doublesOfFloats(MemorySegment from, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(NATIVE, 8 * i, from.get(FLOAT, 4 * i));
    }
  }

  private static void doublesOfHalves(MemorySegment from, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(NATIVE, 8 * i, Float.float16ToFloat(from.get(SHORT, 2 * i)));
    }
  }

  private static void doublesOfBrains(MemorySegment from, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(NATIVE, 8 * i, Float.intBitsToFloat(from.get(SHORT, 2 * i) << 16));
    }
  }

  private static void doublesByTable(
      MemorySegment from, float[] table, MemorySegment into, long count) {
    for (long i = 0; i < count; i++) {
      into.set(NATIVE, 8 * i, table[from.get(JAVA_BYTE, i) & 0xFF]);
    }
  }
}
