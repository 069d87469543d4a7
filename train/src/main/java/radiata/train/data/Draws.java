package radiata.train.data;

import java.util.Collections;
import java.util.List;
import java.util.random.RandomGenerator;

/// Where the random numbers of a run come from. Every purpose has a stream of its own for every
/// epoch (or step) and item, made from their numbers alone. So nothing depends on how much was
/// drawn before: a resumed run draws what the whole one draws, and a feature that is turned on
/// leaves the draws of the others as they are.
public record Draws(long seed) {
  /// What numbers are drawn for.
  public enum Purpose {
    ORDER(1),
    FLIP(2),
    CROP(3),
    CAPTION_DROPOUT(4),
    WILDCARD(5),
    CAPTION_SHUFFLE(6),
    TAG_DROPOUT(7),
    LATENT(8),
    NOISE(9),
    NOISE_OFFSET(10),
    TIMESTEP(11),
    ADAPTER(13),
    SAMPLE(14);

    /// Goes into the numbers; never that of another, nor another one later.
    private final long number;

    Purpose(long number) {
      this.number = number;
    }
  }

  private static final long GOLDEN = 0x9E3779B97F4A7C15L;

  /// A stream of its own.
  public RandomGenerator of(Purpose purpose, long epoch, long item) {
    return new SplitMix(seed(purpose, epoch, item));
  }

  /// The number of an item that has a name.
  public static long item(String name) {
    long hash = 0;
    for (int i = 0; i < name.length(); i++) {
      hash = mix(hash + GOLDEN + name.charAt(i));
    }
    return hash;
  }

  /// The start of such a stream, for generators elsewhere.
  public long seed(Purpose purpose, long epoch, long item) {
    long state = mix(seed + GOLDEN);
    state = mix(state ^ mix(purpose.number));
    state = mix(state + GOLDEN * (epoch + 1));
    return mix(state + GOLDEN * (item + 1));
  }

  /// SplitMix64 (Steele, Lea, Flood 2014): spelled out, so that no JDK draws other numbers.
  private static final class SplitMix implements RandomGenerator {
    private long state;

    SplitMix(long seed) {
      state = seed;
    }

    @Override
    public long nextLong() {
      state += GOLDEN;
      return mix(state);
    }

    @Override
    public double nextDouble() {
      return (nextLong() >>> 11) * 0x1.0p-53;
    }

    /// By the high half of a product; the bias is below `bound` / 2^32.
    @Override
    public int nextInt(int bound) {
      if (bound <= 0) {
        throw new IllegalArgumentException("bound " + bound);
      }
      return (int) (((nextLong() >>> 32) * bound) >>> 32);
    }
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /// Puts a list in random order (Fisher and Yates).
  public static <T> void shuffle(List<T> list, RandomGenerator draws) {
    for (int i = list.size() - 1; i > 0; i--) {
      Collections.swap(list, i, draws.nextInt(i + 1));
    }
  }
}
