package radiata.safetensors.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import radiata.safetensors.DType;

class DitherTest {
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F8_E4M3", "F8_E5M2"})
  void takesEveryNumberToOneOfItsNeighbours(DType type) {
    SmallFloat format = type == DType.F8_E4M3 ? SmallFloat.F8_E4M3 : SmallFloat.F8_E5M2;
    Random random = new Random(3);
    for (int code = 0; code < format.largest(); code++) {
      double low = format.decode(code);
      double high = format.decode(code + 1);
      double[] numbers = random.doubles(20).map(u -> low + (high - low) * u).toArray();
      double[] negative = Arrays.stream(numbers).map(x -> -x).toArray();
      Dither.of(1, "a").apply(numbers, numbers.length, type, 1000L * code);
      Dither.of(1, "a").apply(negative, negative.length, type, 1000L * code);
      for (int i = 0; i < numbers.length; i++) {
        assertThat(numbers[i]).isIn(low, high);
        assertThat(negative[i]).isEqualTo(-numbers[i]);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F8_E4M3", "F8_E5M2"})
  void leavesWhatIsHeldAlreadyAndWhatLiesBeyond(DType type) {
    SmallFloat format = type == DType.F8_E4M3 ? SmallFloat.F8_E4M3 : SmallFloat.F8_E5M2;
    double[] held = new double[2 * format.largest() + 6];
    for (int code = 0; code <= format.largest(); code++) {
      held[2 * code] = format.decode(code);
      held[2 * code + 1] = -format.decode(code);
    }
    double[] beyond = {Double.NaN, Double.POSITIVE_INFINITY, 1e9, -1e9};
    System.arraycopy(beyond, 0, held, held.length - 4, 4);
    double[] after = held.clone();
    Dither.of(9, "x").apply(after, after.length, type, 0);
    assertThat(after).isEqualTo(held);
  }

  @Test
  void keepsTheMean() {
    for (double value : new double[] {0.0303, -0.4321, 0.0007, 300.5}) {
      double[] numbers = new double[100_000];
      Arrays.fill(numbers, value);
      Dither.of(5, "w").apply(numbers, numbers.length, DType.F8_E4M3, 0);
      double mean = Arrays.stream(numbers).average().orElseThrow();
      assertThat(mean).isCloseTo(value, within(Math.abs(value) * 0.01));
    }
  }

  @Test
  void dependsOnSeedNameAndPlaceAlone() {
    double[] whole = new Random(4).doubles(500).toArray();
    double[] parts = whole.clone();
    Dither dither = Dither.of(7, "a.weight");
    dither.apply(whole, whole.length, DType.F8_E4M3, 0);
    double[] second = Arrays.copyOfRange(parts, 200, 500);
    dither.apply(parts, 200, DType.F8_E4M3, 0);
    dither.apply(second, 300, DType.F8_E4M3, 200);
    assertThat(Arrays.copyOf(parts, 200)).isEqualTo(Arrays.copyOf(whole, 200));
    assertThat(second).isEqualTo(Arrays.copyOfRange(whole, 200, 500));
    assertThat(Dither.of(8, "a.weight").key()).isNotEqualTo(dither.key());
    assertThat(Dither.of(7, "b.weight").key()).isNotEqualTo(dither.key());
    assertThatThrownBy(() -> dither.apply(parts, 1, DType.F16, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
