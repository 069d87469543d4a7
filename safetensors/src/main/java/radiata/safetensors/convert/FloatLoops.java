package radiata.safetensors.convert;

import static radiata.safetensors.convert.Layouts.BYTE;
import static radiata.safetensors.convert.Layouts.DOUBLE;
import static radiata.safetensors.convert.Layouts.FIRST;
import static radiata.safetensors.convert.Layouts.INT;
import static radiata.safetensors.convert.Layouts.NATIVE_INT;
import static radiata.safetensors.convert.Layouts.NATIVE_PAIR;
import static radiata.safetensors.convert.Layouts.SECOND;
import static radiata.safetensors.convert.Layouts.SHORT;

import java.lang.foreign.MemorySegment;

/// The loops between tensor bytes and `float[]`. They are shaped for the JIT compiler of JDK 25: it
/// turns the loops of F16 into vector instructions as they stand, but none that mixes 16-bit and
/// 32-bit integers or that asks a float for its bits. Those of BF16 therefore see an array as pairs
/// of floats, 64 bits each, and a tensor as pairs of 16 bits, which makes them five times as fast.
final class FloatLoops {
  private static final int PAIR = 2 * Float.BYTES;

  private FloatLoops() {}

  static void ofDoubles(MemorySegment from, float[] into, int at, int count) {
    for (int i = 0; i < count; i++) {
      into[at + i] = (float) from.get(DOUBLE, 8L * i);
    }
  }

  static void ofHalves(MemorySegment from, float[] into, int at, int count) {
    for (int i = 0; i < count; i++) {
      into[at + i] = Float.float16ToFloat(from.get(SHORT, 2L * i));
    }
  }

  static void ofBrains(MemorySegment from, float[] into, int at, int count) {
    MemorySegment pairs = MemorySegment.ofArray(into).asSlice(4L * at, 4L * count);
    for (int i = 0; i < count >> 1; i++) {
      long pair = from.get(INT, 4L * i);
      long first = (pair & 0xFFFF) << 16;
      long second = pair & 0xFFFF_0000L;
      pairs.set(NATIVE_PAIR, (long) PAIR * i, first << FIRST | second << SECOND);
    }
    if ((count & 1) == 1) {
      into[at + count - 1] = Float.intBitsToFloat(from.get(SHORT, 2L * (count - 1)) << 16);
    }
  }

  static void ofCodes(MemorySegment from, float[] values, float[] into, int at, int count) {
    for (int i = 0; i < count; i++) {
      into[at + i] = values[from.get(BYTE, i) & 0xFF];
    }
  }

  static void toDoubles(float[] from, int at, int count, MemorySegment into) {
    for (int i = 0; i < count; i++) {
      into.set(DOUBLE, 8L * i, from[at + i]);
    }
  }

  /// Whether a NaN is among these floats: the only bits, sign apart, that are above infinity's.
  static boolean anyNan(float[] from, int at, int count) {
    MemorySegment bits = MemorySegment.ofArray(from).asSlice(4L * at, 4L * count);
    int below = 0;
    for (int i = 0; i < count; i++) {
      below |= 0x7F80_0000 - (bits.get(NATIVE_INT, 4L * i) & 0x7FFF_FFFF);
    }
    return below < 0;
  }

  /// For floats none of which is NaN.
  static void toHalves(float[] from, int at, int count, MemorySegment into) {
    for (int i = 0; i < count; i++) {
      into.set(SHORT, 2L * i, Float.floatToFloat16(from[at + i]));
    }
  }

  /// For floats none of which is NaN, so that no carry leaves the half that it began in.
  static void toBrains(float[] from, int at, int count, MemorySegment into) {
    MemorySegment pairs = MemorySegment.ofArray(from).asSlice(4L * at, 4L * count);
    for (int i = 0; i < count >> 1; i++) {
      long pair = pairs.get(NATIVE_PAIR, (long) PAIR * i);
      long odd = pair >>> 16 & 0x0000_0001_0000_0001L;
      long rounded = pair + 0x0000_7FFF_0000_7FFFL + odd;
      long first = rounded >>> FIRST >>> 16 & 0xFFFF;
      long second = rounded >>> SECOND & 0xFFFF_0000L;
      into.set(INT, 4L * i, (int) (first | second));
    }
    if ((count & 1) == 1) {
      int code = SmallFloat.BF16.encode(from[at + count - 1]);
      into.set(SHORT, 2L * (count - 1), (short) code);
    }
  }

  /// Any floats into 16 bits, one by one.
  static void toShorts(float[] from, int at, int count, SmallFloat format, MemorySegment into) {
    for (int i = 0; i < count; i++) {
      into.set(SHORT, 2L * i, (short) format.encode(from[at + i]));
    }
  }

  /// Any floats into 8 bits.
  ///
  /// @param codes [SmallFloat#codesOfJammed()]
  static void toCodes(float[] from, int at, int count, byte[] codes, MemorySegment into) {
    MemorySegment bits = MemorySegment.ofArray(from).asSlice(4L * at, 4L * count);
    for (int i = 0; i < count; i++) {
      into.set(BYTE, i, codes[SmallFloat.jam(bits.get(NATIVE_INT, 4L * i))]);
    }
  }
}
