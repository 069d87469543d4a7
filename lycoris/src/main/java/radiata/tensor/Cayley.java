package radiata.tensor;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import java.lang.foreign.MemorySegment;

/// The Cayley transform of blocks: skew-symmetric matrices to rotations.
final class Cayley {
  /// Added to the norm before it is compared with its limit (LyCORIS 3.3.0, `modules/diag_oft.py`).
  private static final double EPSILON = 1e-8;

  private Cayley() {}

  /// Writes `(I + Q)(I - Q)^-1` of every block to `out`, with `Q = (B - B^T)` scaled to the limit.
  static void rotate(DoubleTensor blocks, double limit, DoubleTensor out) {
    int rank = blocks.shape().rank();
    int size = Math.toIntExact(blocks.shape().dim(rank - 1));
    long count = size == 0 ? 0 : blocks.shape().elements() / ((long) size * size);
    double factor = factor(blocks, size, count, limit);
    double[] block = new double[size * size];
    for (long i = 0; i < count; i++) {
      long at = i * block.length * Double.BYTES;
      MemorySegment.copy(blocks.data(), JAVA_DOUBLE, at, block, 0, block.length);
      double[] rotation = rotation(block, size, factor);
      MemorySegment.copy(rotation, 0, out.data(), JAVA_DOUBLE, at, block.length);
    }
  }

  private static double factor(DoubleTensor blocks, int size, long count, double limit) {
    if (!(limit > 0)) {
      return 1;
    }
    double sum = 0;
    for (long i = 0; i < count; i++) {
      long start = i * size * size;
      for (int row = 0; row < size; row++) {
        for (int column = 0; column < row; column++) {
          double q =
              blocks.at(start + (long) row * size + column)
                  - blocks.at(start + (long) column * size + row);
          sum += 2 * q * q;
        }
      }
    }
    double norm = Math.sqrt(sum) + EPSILON;
    return norm > limit ? limit / norm : 1;
  }

  /// Since `I + Q` and `(I - Q)^-1` commute, the rotation solves `(I - Q) R = I + Q`.
  private static double[] rotation(double[] block, int size, double factor) {
    double[] left = new double[size * size];
    double[] right = new double[size * size];
    for (int row = 0; row < size; row++) {
      for (int column = 0; column < size; column++) {
        double q = factor * (block[row * size + column] - block[column * size + row]);
        double one = row == column ? 1 : 0;
        left[row * size + column] = one - q;
        right[row * size + column] = one + q;
      }
    }
    solve(left, right, size);
    return right;
  }

  /// Gaussian elimination with row pivots; `right` becomes the solution. `I - Q` has no singular
  /// value below 1, so there is always a pivot.
  private static void solve(double[] left, double[] right, int size) {
    for (int step = 0; step < size; step++) {
      int pivot = step;
      for (int row = step + 1; row < size; row++) {
        if (Math.abs(left[row * size + step]) > Math.abs(left[pivot * size + step])) {
          pivot = row;
        }
      }
      swap(left, step, pivot, size);
      swap(right, step, pivot, size);
      double head = left[step * size + step];
      for (int row = 0; row < size; row++) {
        if (row != step) {
          double share = left[row * size + step] / head;
          subtract(left, row, step, share, size);
          subtract(right, row, step, share, size);
        }
      }
    }
    for (int row = 0; row < size; row++) {
      double head = left[row * size + row];
      for (int column = 0; column < size; column++) {
        right[row * size + column] /= head;
      }
    }
  }

  private static void swap(double[] matrix, int a, int b, int size) {
    if (a == b) {
      return;
    }
    for (int column = 0; column < size; column++) {
      double kept = matrix[a * size + column];
      matrix[a * size + column] = matrix[b * size + column];
      matrix[b * size + column] = kept;
    }
  }

  private static void subtract(double[] matrix, int row, int from, double share, int size) {
    if (share == 0) {
      return;
    }
    for (int column = 0; column < size; column++) {
      matrix[row * size + column] -= share * matrix[from * size + column];
    }
  }
}
