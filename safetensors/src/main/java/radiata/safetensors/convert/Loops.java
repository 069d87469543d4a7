package radiata.safetensors.convert;

import static radiata.safetensors.convert.Layouts.PAIR_FIRST;
import static radiata.safetensors.convert.Layouts.PAIR_SECOND;

/// The loops of all conversions, from array to array. They are shaped for the JIT compiler of JDK
/// 25:
/// - It makes vector instructions of what goes from one array to another. A loop over a segment
///   gets them too, or runs a hundred times slower once the program has met segments both on and
///   off the heap. Whoever calls copies blocks out of segments and into them.
/// - It makes none of a loop that mixes 16-bit and 32-bit integers or asks a float for its bits.
///   The loops of BF16 therefore see two floats as one `long` and two elements as one `int`, which
///   makes them several times as fast.
final class Loops {
  private Loops() {}

  static void halvesToFloats(short[] from, float[] into, int at, int count) {
    for (int i = 0; i < count; i++) {
      into[at + i] = Float.float16ToFloat(from[i]);
    }
  }

  /// @param twos two elements each, the first in the lower half
  /// @param pairs two floats each, as they lie in an array
  static void brainsToPairs(int[] twos, long[] pairs, int count) {
    for (int i = 0; i < count; i++) {
      long two = twos[i];
      pairs[i] = (two & 0xFFFF) << 16 << PAIR_FIRST | (two & 0xFFFF_0000L) << PAIR_SECOND;
    }
  }

  /// @param values [SmallFloat#values()]
  static void codesToFloats(byte[] from, float[] values, float[] into, int at, int count) {
    for (int i = 0; i < count; i++) {
      into[at + i] = values[from[i] & 0xFF];
    }
  }

  static void floatsToDoubles(float[] from, int at, int count, double[] into) {
    for (int i = 0; i < count; i++) {
      into[i] = from[at + i];
    }
  }

  static void doublesToFloats(double[] from, float[] into, int at, int count) {
    for (int i = 0; i < count; i++) {
      into[at + i] = (float) from[i];
    }
  }

  /// Floats that a further rounding, to at most 22 bits, takes to where one rounding takes the
  /// doubles themselves: a double that is no float becomes that of its two neighbours whose last
  /// bit is set, so that it can neither look like a tie nor hide that it is none (S. Boldo, G.
  /// Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to
  /// odd", 2008).
  static void doublesToOddFloats(double[] from, float[] into, int count) {
    for (int i = 0; i < count; i++) {
      float nearest = (float) from[i];
      int bits = Float.floatToRawIntBits(nearest);
      double error = Math.abs(from[i]) - Math.abs(nearest);
      int towards = (error > 0 ? 1 : 0) - (error < 0 ? 1 : 0);
      into[i] = Float.intBitsToFloat(bits + (towards & (bits & 1) - 1));
    }
  }

  /// Whether a NaN is among pairs of floats: the only bits, sign apart, that are above infinity's.
  static boolean anyNan(long[] pairs, int count) {
    long above = 0;
    for (int i = 0; i < count; i++) {
      above |= (pairs[i] & 0x7FFF_FFFF_7FFF_FFFFL) + 0x007F_FFFF_007F_FFFFL;
    }
    return (above & 0x8000_0000_8000_0000L) != 0;
  }

  /// For floats none of which is NaN.
  static void floatsToHalves(float[] from, int at, int count, short[] into) {
    for (int i = 0; i < count; i++) {
      into[i] = Float.floatToFloat16(from[at + i]);
    }
  }

  /// For pairs without a NaN, so that no carry leaves the half that it began in.
  static void pairsToBrains(long[] pairs, int[] twos, int count) {
    for (int i = 0; i < count; i++) {
      long pair = pairs[i];
      long odd = pair >>> 16 & 0x0000_0001_0000_0001L;
      long rounded = pair + 0x0000_7FFF_0000_7FFFL + odd;
      twos[i] =
          (int) (rounded >>> PAIR_FIRST >>> 16 & 0xFFFF | rounded >>> PAIR_SECOND & 0xFFFF_0000L);
    }
  }

  /// In place, [SmallFloat#jam] of the bits of floats.
  static void jam(int[] bits, int count) {
    for (int i = 0; i < count; i++) {
      bits[i] = SmallFloat.jam(bits[i]);
    }
  }

  /// @param codes [SmallFloat#codesOfJammed()]
  static void jammedToCodes(int[] jammed, byte[] codes, byte[] into, int count) {
    for (int i = 0; i < count; i++) {
      into[i] = codes[jammed[i]];
    }
  }
}
