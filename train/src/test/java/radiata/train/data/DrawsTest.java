package radiata.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import radiata.train.data.Draws.Purpose;

/// Random numbers that hang on nothing but what they are for.
class DrawsTest {
  /// A run of yesterday must be resumed with the same numbers tomorrow.
  @Test
  void theNumbersAreThese() {
    RandomGenerator draws = new Draws(0).of(Purpose.ORDER, 1, 0);
    assertThat(draws.nextLong()).isEqualTo(9175888035507155256L);
    assertThat(new Draws(42).of(Purpose.NOISE, 3, 5).nextInt(1000)).isEqualTo(225);
  }

  @Test
  void everyPurposeEpochItemAndSeedHasItsOwn() {
    Set<Long> seeds = new HashSet<>();
    int all = 0;
    for (long seed : new long[] {0, 1, 2, -1, Long.MAX_VALUE}) {
      for (Purpose purpose : Purpose.values()) {
        for (int epoch = 0; epoch < 20; epoch++) {
          for (int item = -1; item < 20; item++) {
            seeds.add(new Draws(seed).seed(purpose, epoch, item));
            all++;
          }
        }
      }
    }
    assertThat(seeds).hasSize(all);
  }

  @Test
  void boundedNumbersAreEven() {
    RandomGenerator draws = new Draws(1).of(Purpose.CROP, 1, 1);
    int[] counts = new int[7];
    for (int i = 0; i < 70_000; i++) {
      counts[draws.nextInt(7)]++;
    }
    for (int count : counts) {
      assertThat(count).isBetween(9_500, 10_500);
    }
  }

  @Test
  void everyOrderOfAShuffleComes() {
    Set<List<Integer>> orders = new HashSet<>();
    for (int i = 0; i < 500; i++) {
      List<Integer> list = new ArrayList<>(List.of(1, 2, 3, 4));
      Draws.shuffle(list, new Draws(3).of(Purpose.ORDER, 1, i));
      orders.add(list);
    }
    assertThat(orders).hasSize(24);
  }
}
