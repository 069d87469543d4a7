package radiata.bake;

import java.util.Arrays;
import radiata.tensor.Kernels;

/// Neighbouring rows of a weight at one point of its way through the adapters, and what is known of
/// their size.
final class RowGroup {
  /// How many rows are taken together.
  static final int ROWS = 4;

  private final float[][][] rows;
  private final double[] squares = new double[ROWS];
  private final double[] bounds = new double[ROWS];
  private long number = -1;

  RowGroup(Panels panels) {
    this.rows = panels.rows(ROWS);
    changed();
  }

  /// Row `i`, piece by piece.
  float[][] row(int i) {
    return rows[i];
  }

  float[][][] rows() {
    return rows;
  }

  /// Which rows these are: the same for all groups that come of the same rows of the weight.
  long number() {
    return number;
  }

  void number(long number) {
    this.number = number;
  }

  /// Has to be called when the values have become others.
  void changed() {
    Arrays.fill(squares, Double.NaN);
    Arrays.fill(bounds, Double.NaN);
  }

  /// The sum of the squares of row `i`.
  double squares(int i) {
    if (Double.isNaN(squares[i])) {
      double sum = 0;
      for (float[] part : rows[i]) {
        sum += Kernels.squares(part);
      }
      squares[i] = sum;
    }
    return squares[i];
  }

  double norm(int i) {
    return Math.sqrt(squares(i));
  }

  /// What no value of row `i` exceeds; NaN where only a look at them can tell.
  double bound(int i) {
    return bounds[i];
  }

  void bound(int i, double bound) {
    bounds[i] = bound;
  }

  void copyFrom(RowGroup other, int count) {
    for (int i = 0; i < count; i++) {
      Panels.copy(other.rows[i], rows[i]);
    }
    number = other.number;
    changed();
  }

  void clear(int count) {
    for (int i = 0; i < count; i++) {
      for (float[] part : rows[i]) {
        Arrays.fill(part, 0);
      }
    }
    changed();
  }
}
