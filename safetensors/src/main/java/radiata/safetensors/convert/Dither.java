package radiata.safetensors.convert;

import java.nio.charset.StandardCharsets;
import radiata.safetensors.DType;

/// Stochastic rounding: a number becomes one of its two neighbours in the type, the nearer one more
/// often, so that on average it is kept. Which one depends on the seed, the tensor's name and the
/// place of the element alone, so that neither threads nor tiles bear on it: the generator is
/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014), read at
/// the element's index.
///
/// @param key of one tensor
public record Dither(long key) {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;
  private static final double UNIT = 0x1p-53;

  public static Dither of(long seed, String tensor) {
    // FNV-1a over the name.
    long hash = 0xCBF29CE484222325L;
    for (byte b : tensor.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
    }
    return new Dither(mixed(hash ^ mixed(seed + GOLDEN)));
  }

  /// Takes every number to a neighbour that `to` holds. What lies beyond the largest one, and what
  /// is no number, stays for [Narrow].
  ///
  /// @param first the place of the first number in the tensor
  /// @throws IllegalArgumentException if `to` is neither F8_E4M3 nor F8_E5M2
  public void apply(double[] numbers, int count, DType to, long first) {
    SmallFloat format =
        switch (FloatType.of(to)) {
          case F8_E4M3 -> SmallFloat.F8_E4M3;
          case F8_E5M2 -> SmallFloat.F8_E5M2;
          case F16, BF16, F32, F64 -> throw new IllegalArgumentException(to + " is not dithered");
        };
    double largest = format.decode(format.largest());
    int leastExponent = 1 - format.bias();
    for (int i = 0; i < count; i++) {
      double size = Math.abs(numbers[i]);
      if (size < largest) {
        int exponent = Math.max(Math.getExponent(size), leastExponent);
        double steps = Math.scalb(size, format.mantissaBits() - exponent);
        double below = Math.floor(steps);
        double chance = (mixed(key + (first + i + 1) * GOLDEN) >>> 11) * UNIT;
        double taken = chance < steps - below ? below + 1 : below;
        numbers[i] = Math.copySign(Math.scalb(taken, exponent - format.mantissaBits()), numbers[i]);
      }
    }
  }

  private static long mixed(long z) {
    long a = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ a >>> 27) * 0x94D049BB133111EBL;
    return b ^ b >>> 31;
  }
}
