package radiata.train.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import radiata.train.optim.Schedule.Kind;

/// Learning rates over ten steps, with the formulas of transformers' `optimization.py`.
class ScheduleTest {
  private static final double RATE = 1e-3;

  static Stream<Arguments> courses() {
    return Stream.of(
        course(Kind.CONSTANT, 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
        course(Kind.CONSTANT_WITH_WARMUP, 4, 1, 1, 0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1),
        course(
            Kind.LINEAR,
            4,
            1,
            1,
            0,
            0.25,
            0.5,
            0.75,
            1,
            5 / 6.0,
            4 / 6.0,
            0.5,
            2 / 6.0,
            1 / 6.0,
            0),
        course(
            Kind.COSINE,
            4,
            1,
            1,
            0,
            0.25,
            0.5,
            0.75,
            1,
            0.9330127018922194,
            0.75,
            0.5,
            0.25,
            0.06698729810778065,
            0),
        course(
            Kind.COSINE_WITH_RESTARTS,
            0,
            3,
            1,
            1.0,
            0.7938926261462365,
            0.3454915028125262,
            0.02447174185242329,
            0.9045084971874735,
            0.5,
            0.09549150281252644,
            0.9755282581475769,
            0.6545084971874732,
            0.20610737385376326,
            0),
        course(
            Kind.POLYNOMIAL,
            2,
            1,
            2,
            0.0,
            0.5,
            1.0,
            0.7656484375,
            0.56254375,
            0.3906859375,
            0.250075,
            0.1407109375,
            0.06259375,
            0.0157234375,
            1e-4));
  }

  private static Arguments course(
      Kind kind, int warmup, int cycles, double power, double... factors) {
    return Arguments.of(new Schedule(kind, warmup, 10, cycles, power), factors);
  }

  @ParameterizedTest
  @MethodSource("courses")
  void theRateGoesAsInTransformers(Schedule schedule, double[] factors) {
    double[] rates = new double[factors.length];
    for (int step = 0; step < rates.length; step++) {
      rates[step] = schedule.rate(step, RATE) / RATE;
    }
    assertThat(rates).containsExactly(factors, within(1e-12));
  }

  @Test
  void aWarmUpBeginsWithAStepThatChangesNothing() {
    assertThat(
            Arrays.stream(Kind.values())
                .filter(kind -> kind != Kind.CONSTANT)
                .map(kind -> Schedule.of(kind, 3, 10).rate(0, RATE)))
        .containsOnly(0.0);
  }

  @Test
  void aRateOfNothingStaysNothing() {
    for (Kind kind : Kind.values()) {
      assertThat(Schedule.of(kind, 2, 10).rate(5, 0)).isZero();
    }
  }

  @Test
  void pastTheEndTheRateIsTheLast() {
    assertThat(Schedule.of(Kind.LINEAR, 0, 10).rate(12, RATE)).isZero();
    assertThat(Schedule.of(Kind.POLYNOMIAL, 0, 10).rate(12, RATE)).isEqualTo(1e-7, within(1e-18));
  }

  @Test
  void aScheduleWithoutStepsIsRefused() {
    assertThatThrownBy(() -> Schedule.of(Kind.LINEAR, 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
