package radiata.safetensors;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// CRC32C (Castagnoli, RFC 3720) of bytes that come in pieces, whatever their order: the values of
/// two neighbours are joined without looking at their bytes again.
final class Crc32c {
  /// The polynomial without its highest term, lowest power in the highest bit.
  private static final int POLYNOMIAL = 0x82F63B78;

  private static final int ONE = 1 << 31;

  /// `x^(2^k)` modulo the polynomial.
  private static final int[] POWERS = powers();

  private Crc32c() {}

  /// The value of the bytes that remain, whose position stays as it is.
  static int of(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }

  /// The value of `a` followed by `b`. To append n bytes is to multiply by `x^(8n)` (zlib 1.3,
  /// `crc32_combine`).
  static int joined(int a, int b, long bytesOfB) {
    int shift = ONE;
    int k = 3;
    for (long n = bytesOfB; n != 0; n >>>= 1, k++) {
      if ((n & 1) != 0) {
        shift = product(POWERS[k], shift);
      }
    }
    return product(shift, a) ^ b;
  }

  private static int product(int a, int b) {
    int sum = 0;
    int power = b;
    for (int bit = ONE; bit != 0; bit >>>= 1) {
      if ((a & bit) != 0) {
        sum ^= power;
      }
      power = (power & 1) == 0 ? power >>> 1 : power >>> 1 ^ POLYNOMIAL;
    }
    return sum;
  }

  private static int[] powers() {
    int[] powers = new int[Long.SIZE + 3];
    powers[0] = ONE >>> 1;
    for (int k = 1; k < powers.length; k++) {
      powers[k] = product(powers[k - 1], powers[k - 1]);
    }
    return powers;
  }
}
