package radiata.train.optim;

import java.util.Locale;

/// How the learning rate goes over the steps of an optimizer: a factor for each, as transformers
/// has them (`optimization.py`, 5.18). The first step takes the factor of 0, so a warm-up begins
/// with a step of rate 0 (`LambdaLR`).
///
/// @param warmup how many steps the rate climbs in a straight line
/// @param steps how many steps there are; the decay ends there
/// @param cycles of the restarts
/// @param power of the polynomial
public record Schedule(Kind kind, int warmup, int steps, int cycles, double power) {
  /// Where a polynomial ends.
  private static final double LAST_RATE = 1e-7;

  /// The courses, under the names that sd-scripts takes for `lr_scheduler`.
  public enum Kind {
    CONSTANT,
    CONSTANT_WITH_WARMUP,
    LINEAR,
    COSINE,
    COSINE_WITH_RESTARTS,
    POLYNOMIAL;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public Schedule {
    if (warmup < 0 || steps < 1 || cycles < 1) {
      throw new IllegalArgumentException(
          "a schedule of %d steps, %d of warm-up, %d cycles".formatted(steps, warmup, cycles));
    }
  }

  public static Schedule of(Kind kind, int warmup, int steps) {
    return new Schedule(kind, warmup, steps, 1, 1);
  }

  /// The rate of a step.
  ///
  /// @param step from 0
  /// @param rate the learning rate that was asked for
  public double rate(int step, double rate) {
    return kind == Kind.CONSTANT || rate == 0 ? rate : rate * factor(step, rate);
  }

  private double factor(int step, double rate) {
    if (step < warmup) {
      return (double) step / Math.max(1, warmup);
    }
    double gone = (double) (step - warmup) / Math.max(1, steps - warmup);
    return switch (kind) {
      case CONSTANT, CONSTANT_WITH_WARMUP -> 1;
      case LINEAR -> Math.max(0, (double) (steps - step) / Math.max(1, steps - warmup));
      case COSINE -> Math.max(0, 0.5 * (1 + Math.cos(Math.PI * gone)));
      case COSINE_WITH_RESTARTS ->
          gone >= 1 ? 0 : Math.max(0, 0.5 * (1 + Math.cos(Math.PI * (cycles * gone % 1))));
      case POLYNOMIAL -> polynomial(step, gone, rate);
    };
  }

  private double polynomial(int step, double gone, double rate) {
    double last = Math.min(LAST_RATE, rate);
    return step > steps ? last / rate : ((rate - last) * Math.pow(1 - gone, power) + last) / rate;
  }
}
