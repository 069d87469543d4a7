package radiata.train.run;

/// The factor by which losses are scaled so that small gradients survive float16: it is halved when
/// a gradient is not finite, and that step is left out; it doubles after so many good steps (torch
/// 2.7.1 `amp/grad_scaler.py`).
final class LossScale {
  private static final double FIRST = 65536;
  private static final int PATIENCE = 2000;

  private double factor = FIRST;
  private int good;

  double factor() {
    return factor;
  }

  int good() {
    return good;
  }

  void restore(double kept, int goodSteps) {
    this.factor = kept;
    this.good = goodSteps;
  }

  /// After a step.
  ///
  /// @param finite whether every gradient was
  void after(boolean finite) {
    if (!finite) {
      factor /= 2;
      good = 0;
    } else if (++good == PATIENCE) {
      factor *= 2;
      good = 0;
    }
  }
}
