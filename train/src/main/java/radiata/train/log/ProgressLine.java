package radiata.train.log;

import java.util.Locale;

/// How far a run is, in one line: `step 120/1600 epoch 2/10 loss 0.0812 (mean 0.0934) 1.52 step/s
/// 16m 13s left`.
public final class ProgressLine {
  /// The speed is that of the last so many steps: the first ones are slow.
  private static final int WINDOW = 50;

  private final int steps;
  private final int epochs;
  private final double[] ends = new double[WINDOW + 1];
  private int count;

  /// @param steps of the whole run
  /// @param epochs of the whole run
  /// @param started seconds on the clock that [#after] is told
  public ProgressLine(int steps, int epochs, double started) {
    this.steps = steps;
    this.epochs = epochs;
    ends[0] = started;
    count = 1;
  }

  /// The line after a step.
  ///
  /// @param average the mean of the last losses
  /// @param now seconds
  public String after(int step, int epoch, double loss, double average, double now) {
    ends[count % ends.length] = now;
    count++;
    int spanned = Math.min(count, ends.length) - 1;
    double took = (now - ends[Math.floorMod(count - 1 - spanned, ends.length)]) / spanned;
    return "step %d/%d  epoch %d/%d  loss %s (mean %s)  %s  %s left"
        .formatted(
            step,
            steps,
            epoch,
            epochs,
            number(loss),
            number(average),
            speed(took),
            took > 0 ? duration(took * (steps - step)) : "?");
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  /// Steps in a second, or seconds for a step, whichever is above 1.
  static String speed(double secondsPerStep) {
    if (secondsPerStep <= 0) {
      return "? step/s";
    }
    return secondsPerStep > 1
        ? String.format(Locale.ROOT, "%.2f s/step", secondsPerStep)
        : String.format(Locale.ROOT, "%.2f step/s", 1 / secondsPerStep);
  }

  static String duration(double seconds) {
    long whole = Math.round(seconds);
    if (whole >= 3600) {
      return "%dh %02dm".formatted(whole / 3600, whole % 3600 / 60);
    }
    return whole >= 60 ? "%dm %02ds".formatted(whole / 60, whole % 60) : whole + "s";
  }
}
