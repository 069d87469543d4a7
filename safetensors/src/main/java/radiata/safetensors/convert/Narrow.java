package radiata.safetensors.convert;

import static radiata.safetensors.convert.Layouts.BYTE;
import static radiata.safetensors.convert.Layouts.DOUBLE;
import static radiata.safetensors.convert.Layouts.FLOAT;
import static radiata.safetensors.convert.Layouts.INT;
import static radiata.safetensors.convert.Layouts.NATIVE_DOUBLE;
import static radiata.safetensors.convert.Layouts.SHORT;
import static radiata.safetensors.convert.Widen.BLOCK;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
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
    Objects.checkFromIndexSize(at, count, from.length);
    switch (type) {
      case F64 -> toDoubles(from, at, count, bytes);
      case F32 -> MemorySegment.copy(from, at, bytes, FLOAT, 0, count);
      case F16 -> toHalves(from, at, count, bytes);
      case BF16 -> toBrains(from, at, count, bytes);
      case F8_E4M3 -> toCodes(from, at, count, E4M3, bytes);
      case F8_E5M2 -> toCodes(from, at, count, E5M2, bytes);
    }
  }

  /// Stores floats of which none is NaN. F16 is several times as fast as when they must be looked
  /// for.
  ///
  /// @throws IllegalArgumentException if `dtype` is none of F64, F32, F16, BF16, F8_E4M3, F8_E5M2
  /// @throws IndexOutOfBoundsException if either side is too short
  public static void fromNumbers(
      float[] from, int at, int count, DType dtype, MemorySegment into, long intoElement) {
    if (dtype != DType.F16) {
      fromFloats(from, at, count, dtype, into, intoElement);
      return;
    }
    MemorySegment bytes = into.asSlice(intoElement * Short.BYTES, (long) count * Short.BYTES);
    Objects.checkFromIndexSize(at, count, from.length);
    short[] halves = new short[Math.min(count, BLOCK)];
    for (int done = 0; done < count; done += BLOCK) {
      int length = Math.min(BLOCK, count - done);
      Loops.floatsToHalves(from, at + done, length, halves);
      MemorySegment.copy(halves, 0, bytes, SHORT, 2L * done, length);
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
    if (type == FloatType.F64) {
      MemorySegment.copy(from, NATIVE_DOUBLE, 0, bytes, DOUBLE, 0, count);
      return;
    }
    double[] doubles = new double[(int) Math.min(count, BLOCK)];
    float[] floats = new float[doubles.length];
    for (long done = 0; done < count; done += BLOCK) {
      int length = (int) Math.min(BLOCK, count - done);
      MemorySegment.copy(from, NATIVE_DOUBLE, 8 * done, doubles, 0, length);
      if (type == FloatType.F32) {
        Loops.doublesToFloats(doubles, floats, 0, length);
      } else {
        Loops.doublesToOddFloats(doubles, floats, length);
      }
      fromFloats(floats, 0, length, dtype, bytes, done);
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

  private static void toHalves(float[] from, int at, int count, MemorySegment into) {
    long[] pairs = new long[(Math.min(count, BLOCK) + 1) >> 1];
    short[] halves = new short[Math.min(count, BLOCK)];
    for (int done = 0; done < count; done += BLOCK) {
      int length = Math.min(BLOCK, count - done);
      if (anyNan(from, at + done, length, pairs)) {
        oneByOne(from, at + done, length, SmallFloat.F16, into, done);
      } else {
        Loops.floatsToHalves(from, at + done, length, halves);
        MemorySegment.copy(halves, 0, into, SHORT, 2L * done, length);
      }
    }
  }

  private static void toBrains(float[] from, int at, int count, MemorySegment into) {
    long[] pairs = new long[(Math.min(count, BLOCK) + 1) >> 1];
    int[] twos = new int[pairs.length];
    for (int done = 0; done < count; done += BLOCK) {
      int length = Math.min(BLOCK, count - done);
      if (anyNan(from, at + done, length, pairs)) {
        oneByOne(from, at + done, length, SmallFloat.BF16, into, done);
      } else {
        int paired = length & ~1;
        Loops.pairsToBrains(pairs, twos, paired >> 1);
        MemorySegment.copy(twos, 0, into, INT, 2L * done, paired >> 1);
        oneByOne(from, at + done + paired, length - paired, SmallFloat.BF16, into, done + paired);
      }
    }
  }

  /// The fast loops do not know NaN, so a block is searched for it while it is on its way into the
  /// cache. Leaves the floats in `pairs`; after an odd number of them, the last half is of no
  /// account.
  private static boolean anyNan(float[] from, int at, int count, long[] pairs) {
    MemorySegment bits = MemorySegment.ofArray(from);
    MemorySegment.copy(bits, 4L * at, MemorySegment.ofArray(pairs), 0, 4L * count);
    return Loops.anyNan(pairs, (count + 1) >> 1);
  }

  private static void oneByOne(
      float[] from, int at, int count, SmallFloat format, MemorySegment into, int intoElement) {
    for (int i = 0; i < count; i++) {
      into.set(SHORT, 2L * (intoElement + i), (short) format.encode(from[at + i]));
    }
  }

  private static void toCodes(float[] from, int at, int count, byte[] codes, MemorySegment into) {
    byte[] block = new byte[Math.min(count, BLOCK)];
    int[] bits = new int[block.length];
    MemorySegment floats = MemorySegment.ofArray(from);
    for (int done = 0; done < count; done += BLOCK) {
      int length = Math.min(BLOCK, count - done);
      MemorySegment.copy(floats, 4L * (at + done), MemorySegment.ofArray(bits), 0, 4L * length);
      Loops.jam(bits, length);
      Loops.jammedToCodes(bits, codes, block, length);
      MemorySegment.copy(block, 0, into, BYTE, done, length);
    }
  }

  private static void toDoubles(float[] from, int at, int count, MemorySegment into) {
    double[] block = new double[Math.min(count, BLOCK)];
    for (int done = 0; done < count; done += BLOCK) {
      int length = Math.min(BLOCK, count - done);
      Loops.floatsToDoubles(from, at + done, length, block);
      MemorySegment.copy(block, 0, into, DOUBLE, 8L * done, length);
    }
  }
}
