package radiata.safetensors.convert;

import static radiata.safetensors.convert.Layouts.BYTE;
import static radiata.safetensors.convert.Layouts.DOUBLE;
import static radiata.safetensors.convert.Layouts.FLOAT;
import static radiata.safetensors.convert.Layouts.INT;
import static radiata.safetensors.convert.Layouts.LONG;
import static radiata.safetensors.convert.Layouts.NATIVE_DOUBLE;
import static radiata.safetensors.convert.Layouts.SHORT;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import radiata.safetensors.DType;

/// Reads tensor bytes (little-endian, at any alignment) as numbers. Every value of F16, BF16,
/// F8_E4M3 and F8_E5M2 is exact in a float, every one of F32 in a double; infinities and NaN stay
/// what they are. Positions and counts are in elements.
public final class Widen {
  private static final float[] E4M3 = SmallFloat.F8_E4M3.values();
  private static final float[] E5M2 = SmallFloat.F8_E5M2.values();

  /// Elements that pass through the first-level cache at a time; an even number.
  static final int BLOCK = 512;

  private Widen() {}

  /// Elements of `from` as floats. F64 is the one type that is rounded here, to nearest even.
  ///
  /// @throws IllegalArgumentException if `dtype` is none of F64, F32, F16, BF16, F8_E4M3, F8_E5M2
  /// @throws IndexOutOfBoundsException if either side is too short
  public static void toFloats(
      MemorySegment from, long fromElement, DType dtype, float[] into, int at, int count) {
    FloatType type = FloatType.of(dtype);
    MemorySegment bytes = from.asSlice(fromElement * type.bytes, (long) count * type.bytes);
    Objects.checkFromIndexSize(at, count, into.length);
    switch (type) {
      case F64 -> doubles(bytes, into, at, count);
      case F32 -> MemorySegment.copy(bytes, FLOAT, 0, into, at, count);
      case F16 -> halves(bytes, into, at, count);
      case BF16 -> brains(bytes, into, at, count);
      case F8_E4M3 -> codes(bytes, E4M3, into, at, count);
      case F8_E5M2 -> codes(bytes, E5M2, into, at, count);
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
    if (type == FloatType.F64) {
      MemorySegment.copy(bytes, DOUBLE, 0, into, NATIVE_DOUBLE, 0, count);
      return;
    }
    // Each of the other types is exact in a float.
    float[] floats = new float[(int) Math.min(count, BLOCK)];
    double[] doubles = new double[floats.length];
    for (long done = 0; done < count; done += BLOCK) {
      int length = (int) Math.min(BLOCK, count - done);
      toFloats(bytes, done, dtype, floats, 0, length);
      Loops.floatsToDoubles(floats, 0, length, doubles);
      MemorySegment.copy(doubles, 0, into, NATIVE_DOUBLE, 8 * done, length);
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
      case BF16 -> brain(from.get(SHORT, 0));
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

  private static void halves(MemorySegment from, float[] into, int at, int count) {
    short[] block = new short[Math.min(count, BLOCK)];
    for (int done = 0; done < count; done += BLOCK) {
      int length = Math.min(BLOCK, count - done);
      MemorySegment.copy(from, SHORT, 2L * done, block, 0, length);
      Loops.halvesToFloats(block, into, at + done, length);
    }
  }

  private static void brains(MemorySegment from, float[] into, int at, int count) {
    int[] twos = new int[Math.min(count, BLOCK) >> 1];
    long[] pairs = new long[twos.length];
    int paired = count & ~1;
    for (int done = 0; done < paired; done += BLOCK) {
      int length = Math.min(BLOCK, paired - done) >> 1;
      MemorySegment.copy(from, INT, 2L * done, twos, 0, length);
      Loops.brainsToPairs(twos, pairs, length);
      MemorySegment floats = MemorySegment.ofArray(into);
      MemorySegment.copy(MemorySegment.ofArray(pairs), 0, floats, 4L * (at + done), 8L * length);
    }
    if (paired < count) {
      into[at + paired] = brain(from.get(SHORT, 2L * paired));
    }
  }

  private static float brain(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  private static void codes(MemorySegment from, float[] values, float[] into, int at, int count) {
    byte[] block = new byte[Math.min(count, BLOCK)];
    for (int done = 0; done < count; done += BLOCK) {
      int length = Math.min(BLOCK, count - done);
      MemorySegment.copy(from, BYTE, done, block, 0, length);
      Loops.codesToFloats(block, values, into, at + done, length);
    }
  }

  private static void doubles(MemorySegment from, float[] into, int at, int count) {
    double[] block = new double[Math.min(count, BLOCK)];
    for (int done = 0; done < count; done += BLOCK) {
      int length = Math.min(BLOCK, count - done);
      MemorySegment.copy(from, DOUBLE, 8L * done, block, 0, length);
      Loops.doublesToFloats(block, into, at + done, length);
    }
  }
}
