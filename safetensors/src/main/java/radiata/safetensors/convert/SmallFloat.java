package radiata.safetensors.convert;

/// A floating format of at most 16 bits with one sign bit, as numbers: how many bits of its code
/// are mantissa, the exponent's bias, and the codes (sign apart) of its largest finite value, of
/// what lies beyond, and of NaN. Codes of positive values grow with the value, so that everything
/// up to `largest` is finite.
///
/// @param overflow the code of infinity, or NaN where the format has no infinity
record SmallFloat(int bits, int mantissaBits, int bias, int largest, int overflow, int nan) {
  /// IEEE 754 binary16.
  static final SmallFloat F16 = new SmallFloat(16, 10, 15, 0x7BFF, 0x7C00, 0x7E00);

  /// The upper half of an IEEE 754 binary32.
  static final SmallFloat BF16 = new SmallFloat(16, 7, 127, 0x7F7F, 0x7F80, 0x7FC0);

  /// torch's `float8_e4m3fn`: no infinity, the code above 448 is NaN and so is all that rounds
  /// beyond it (`c10/util/Float8_e4m3fn.h`, PyTorch 2.7).
  static final SmallFloat F8_E4M3 = new SmallFloat(8, 3, 7, 0x7E, 0x7F, 0x7F);

  /// torch's `float8_e5m2`: infinities as in IEEE 754, NaN written as all ones
  /// (`c10/util/Float8_e5m2.h`, PyTorch 2.7).
  static final SmallFloat F8_E5M2 = new SmallFloat(8, 2, 15, 0x7B, 0x7C, 0x7F);

  private static final int DOUBLE_MANTISSA = 52;
  private static final int DOUBLE_BIAS = 1023;
  private static final long DOUBLE_INFINITY = 0x7FF0_0000_0000_0000L;

  /// The code of the value nearest to `x`, the even one of two: one rounding, straight from the
  /// double.
  int encode(double x) {
    long bits = Double.doubleToRawLongBits(x);
    long magnitude = bits & Long.MAX_VALUE;
    int sign = (int) (bits >>> 63) << (this.bits - 1);
    if (magnitude > DOUBLE_INFINITY) {
      return sign | nan;
    }
    int shift = DOUBLE_MANTISSA - mantissaBits;
    long code;
    if (magnitude < smallestNormal()) {
      // Adding a power of two whose unit in the last place is the subnormal step makes the
      // processor round there.
      long step = (long) (DOUBLE_BIAS + 1 - bias + shift) << DOUBLE_MANTISSA;
      double sum = Double.longBitsToDouble(magnitude) + Double.longBitsToDouble(step);
      code = Double.doubleToRawLongBits(sum) - step;
    } else {
      long halfLessOne = (1L << (shift - 1)) - 1;
      long odd = (magnitude >>> shift) & 1;
      code = ((magnitude + halfLessOne + odd) >>> shift) - rebias();
    }
    return sign | (code > largest ? overflow : (int) code);
  }

  /// The exact value of a code; the sign of NaN is kept.
  double decode(int code) {
    int magnitude = code & ((1 << (bits - 1)) - 1);
    long sign = (long) (code >>> (bits - 1) & 1) << 63;
    long value;
    if (magnitude > largest) {
      boolean infinite = magnitude == overflow && overflow != nan;
      value = Double.doubleToRawLongBits(infinite ? Double.POSITIVE_INFINITY : Double.NaN);
    } else if (magnitude < 1 << mantissaBits) {
      value = Double.doubleToRawLongBits(Math.scalb((double) magnitude, 1 - bias - mantissaBits));
    } else {
      value = (magnitude + rebias()) << (DOUBLE_MANTISSA - mantissaBits);
    }
    return Double.longBitsToDouble(sign | value);
  }

  /// The value nearest to `x`.
  double round(double x) {
    return decode(encode(x));
  }

  /// All values of an 8-bit format, by code.
  float[] values() {
    float[] values = new float[1 << bits];
    for (int code = 0; code < values.length; code++) {
      values[code] = (float) decode(code);
    }
    return values;
  }

  /// The codes of an 8-bit format by what [#jam] makes of the float that becomes one.
  byte[] codesOfJammed() {
    byte[] codes = new byte[1 << 16];
    for (int upper = 0; upper < codes.length; upper++) {
      codes[upper] = (byte) encode(Float.intBitsToFloat(upper << 16));
    }
    return codes;
  }

  /// The upper half of a float's bits, the last of them set if anything below is. Rounding to three
  /// bits or fewer depends on no more: on the bits kept, the one after them, and whether there is a
  /// rest. NaN stays NaN.
  static int jam(int floatBits) {
    int rest = ((floatBits & 0xFFFF) + 0xFFFF) >>> 16;
    return floatBits >>> 16 | rest;
  }

  private long smallestNormal() {
    return (long) (DOUBLE_BIAS + 1 - bias) << DOUBLE_MANTISSA;
  }

  /// What a code lacks to the top bits of the double that it stands for.
  private long rebias() {
    return (long) (DOUBLE_BIAS - bias) << mantissaBits;
  }
}
