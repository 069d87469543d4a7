package radiata.train.adapter;

import java.nio.charset.StandardCharsets;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.zip.CRC32C;

/// Random numbers by purpose: each stream depends on the seed and on what it is for, never on how
/// many numbers were drawn before. Nothing has to be kept to go on where a run was interrupted, and
/// turning a feature on does not shift the others.
public record Random(long seed) {
  private static final RandomGeneratorFactory<RandomGenerator> GENERATOR =
      RandomGeneratorFactory.of("L64X128MixRandom");

  /// The numbers of one purpose.
  public record Stream(RandomGenerator generator) {
    public double[] normal(double deviation, int count) {
      double[] values = new double[count];
      for (int i = 0; i < count; i++) {
        values[i] = deviation * generator.nextGaussian();
      }
      return values;
    }

    /// Even in `[-bound, bound)`.
    public double[] even(double bound, int count) {
      double[] values = new double[count];
      for (int i = 0; i < count; i++) {
        values[i] = bound * (2 * generator.nextDouble() - 1);
      }
      return values;
    }

    public int below(int bound) {
      return generator.nextInt(bound);
    }

    public double unit() {
      return generator.nextDouble();
    }
  }

  /// @param purpose what the numbers are for, the number of the step or epoch among it
  public Stream of(String purpose) {
    CRC32C low = new CRC32C();
    low.update(purpose.getBytes(StandardCharsets.UTF_8));
    CRC32C high = new CRC32C();
    high.update(("\0" + purpose).getBytes(StandardCharsets.UTF_8));
    long mixed = seed * 0x9E3779B97F4A7C15L ^ (high.getValue() << 32 | low.getValue());
    return new Stream(GENERATOR.create(mixed));
  }
}
