package radiata.train.log;

/// The mean of the last losses, as sd-scripts shows it: of one epoch's worth.
public final class MovingAverage {
  private final double[] last;
  private int count;

  /// @param window how many losses it spans
  public MovingAverage(int window) {
    last = new double[Math.max(1, window)];
  }

  /// Takes one more in.
  ///
  /// @return the mean with it
  public double add(double loss) {
    last[count % last.length] = loss;
    count++;
    // Summed anew: a running sum would depend on what has left the window, and a resumed run has
    // not seen that.
    int there = Math.min(count, last.length);
    double sum = 0;
    for (int i = 0; i < there; i++) {
      sum += last[Math.floorMod(count - there + i, last.length)];
    }
    return sum / there;
  }
}
