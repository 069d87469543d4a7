package radiata.train.replay;

import radiata.train.engine.Tensor;

/// How far a matrix has moved from another, by the lengths and directions of its vectors
/// (arXiv:2402.09353 section 3.2): the mean change of the lengths, and the mean of 1 - cosine.
///
/// @param lengthOut over rows, one vector per output
/// @param lengthIn over columns, one vector per input
record Turning(double lengthOut, double directionOut, double lengthIn, double directionIn) {
  /// Of matrices in float64.
  static Turning of(Tensor before, Tensor after) {
    double[] rows = moved(before, after, 1);
    double[] columns = moved(before, after, 0);
    return new Turning(rows[0], rows[1], columns[0], columns[1]);
  }

  private static double[] moved(Tensor before, Tensor after, int along) {
    double[] first = before.square().sum(along).root().doubles();
    double[] second = after.square().sum(along).root().doubles();
    double[] products = before.times(after).sum(along).doubles();
    double length = 0;
    double direction = 0;
    for (int i = 0; i < first.length; i++) {
      length += Math.abs(second[i] - first[i]);
      direction += 1 - products[i] / (first[i] * second[i]);
    }
    return new double[] {length / first.length, direction / first.length};
  }
}
