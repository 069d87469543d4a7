package radiata.extract;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import radiata.convention.DoraAxis;
import radiata.safetensors.Shape;
import radiata.tensor.DoubleTensor;

/// The DoRA along one axis that comes nearest to a weight: of all `scale * (W + up @ down)` with a
/// free scale per output (or per input) and factors of a rank, the one with the least squared
/// distance. Scales and low-rank part are found in turn, each the best for the other, until the
/// distance settles; the low-rank part by subspace iteration from where the turn before left it.
public final class AxisFit {
  private static final int TURNS = 60;

  /// A turn that takes off less of the distance is the last.
  private static final double SETTLED = 1e-6;

  private final DoubleTensor weight;
  private final DoubleTensor target;
  private final double[] w;
  private final double[] t;
  private final int rows;
  private final int columns;
  private final int kernel;
  private final boolean byOutput;
  private final double[] scale;
  private final double[][] left;
  private double[][] right;

  /// A fitted layer: memory that whoever asked for it owns.
  public static final class Fit {
    private final double[] up;
    private final double[] down;
    private final double[] magnitude;
    private final double distance;

    private Fit(double[] up, double[] down, double[] magnitude, double distance) {
      this.up = up;
      this.down = down;
      this.magnitude = magnitude;
      this.distance = distance;
    }

    /// `[out, rank]`, in C order.
    public double[] up() {
      return up;
    }

    /// `[rank, in*k]`, in C order.
    public double[] down() {
      return down;
    }

    /// One per output or input.
    public double[] magnitude() {
      return magnitude;
    }

    /// How far the weights are apart, over how far the target is from the base.
    public double distance() {
      return distance;
    }
  }

  private AxisFit(DoubleTensor weight, DoubleTensor target, DoraAxis axis, int rank) {
    Shape shape = weight.shape();
    this.rows = Math.toIntExact(shape.dim(0));
    this.columns = Math.toIntExact(shape.matrix().dim(1));
    this.kernel = Math.toIntExact(columns / shape.dim(1));
    this.weight = weight;
    this.target = target;
    this.w = new double[columns];
    this.t = new double[columns];
    this.byOutput = axis == DoraAxis.OUTPUT;
    this.scale = new double[byOutput ? rows : columns / kernel];
    this.left = new double[rank][rows];
    this.right = new double[rank][columns];
  }

  /// Brings a row of both weights into [#w] and [#t].
  private void load(int row) {
    long at = (long) row * columns * Double.BYTES;
    MemorySegment.copy(weight.data(), JAVA_DOUBLE, at, w, 0, columns);
    MemorySegment.copy(target.data(), JAVA_DOUBLE, at, t, 0, columns);
  }

  /// Fits a layer. The same input gives the same result, bit for bit.
  ///
  /// @param weight of the base, `[out, in, k...]`
  /// @param target the weight to come near to, of the same shape
  /// @param axis which scales are free
  /// @param rank of the factors, at most that of the weight
  public static Fit of(DoubleTensor weight, DoubleTensor target, DoraAxis axis, int rank) {
    AxisFit fit = new AxisFit(weight, target, axis, rank);
    fit.begin();
    double before = Double.MAX_VALUE;
    for (int turn = 0; turn < TURNS; turn++) {
      fit.scales();
      fit.subspace();
      double now = fit.distance();
      if (before - now <= SETTLED * before) {
        break;
      }
      before = now;
    }
    fit.scales();
    return fit.result();
  }

  private void begin() {
    Random random = new Random(20240301);
    for (double[] row : right) {
      Arrays.setAll(row, i -> random.nextGaussian());
    }
    orthonormalise(right);
  }

  private double scale(int row, int column) {
    return byOutput ? scale[row] : scale[column / kernel];
  }

  /// What the low-rank part should be.
  private void remainder(int row, double[] into) {
    load(row);
    for (int j = 0; j < columns; j++) {
      into[j] = t[j] - scale(row, j) * w[j];
    }
  }

  private void lowRank(int row, double[] into) {
    Arrays.fill(into, 0);
    for (int n = 0; n < left.length; n++) {
      double share = left[n][row];
      double[] direction = right[n];
      for (int j = 0; j < columns; j++) {
        into[j] += share * direction[j];
      }
    }
  }

  /// The best scales for the low-rank part.
  private void scales() {
    double[] products = new double[scale.length];
    double[] squares = new double[scale.length];
    double[] part = new double[columns];
    for (int row = 0; row < rows; row++) {
      lowRank(row, part);
      load(row);
      for (int j = 0; j < columns; j++) {
        int to = byOutput ? row : j / kernel;
        products[to] += (t[j] - part[j]) * w[j];
        squares[to] += w[j] * w[j];
      }
    }
    for (int i = 0; i < scale.length; i++) {
      double best = squares[i] == 0 ? 1 : products[i] / squares[i];
      scale[i] = best == 0 ? 1 : best;
    }
  }

  /// The best low-rank part for the scales, as far as two steps of the iteration reach it.
  private void subspace() {
    double[] rest = new double[columns];
    for (int step = 0; step < 2; step++) {
      orthonormalise(right);
      for (int row = 0; row < rows; row++) {
        remainder(row, rest);
        for (int n = 0; n < left.length; n++) {
          left[n][row] = dot(rest, right[n]);
        }
      }
      orthonormalise(left);
      double[][] next = new double[right.length][columns];
      for (int row = 0; row < rows; row++) {
        remainder(row, rest);
        for (int n = 0; n < left.length; n++) {
          double share = left[n][row];
          for (int j = 0; j < columns; j++) {
            next[n][j] += share * rest[j];
          }
        }
      }
      right = next;
    }
  }

  private double distance() {
    double[] rest = new double[columns];
    double[] part = new double[columns];
    double sum = 0;
    for (int row = 0; row < rows; row++) {
      remainder(row, rest);
      lowRank(row, part);
      for (int j = 0; j < columns; j++) {
        double gap = rest[j] - part[j];
        sum += gap * gap;
      }
    }
    return Math.sqrt(sum);
  }

  /// With `W' = scale * W + L` the factors are those of `L / scale`, and a magnitude is the scale
  /// times the norm of `W + L / scale`.
  private Fit result() {
    double[] magnitude = new double[scale.length];
    double[] part = new double[columns];
    double moved = 0;
    for (int row = 0; row < rows; row++) {
      lowRank(row, part);
      load(row);
      for (int j = 0; j < columns; j++) {
        double value = w[j] + part[j] / scale(row, j);
        magnitude[byOutput ? row : j / kernel] += value * value;
        double step = t[j] - w[j];
        moved += step * step;
      }
    }
    for (int i = 0; i < scale.length; i++) {
      magnitude[i] = scale[i] * Math.sqrt(magnitude[i]);
    }
    int rank = left.length;
    double[] up = new double[rows * rank];
    double[] down = new double[rank * columns];
    for (int n = 0; n < rank; n++) {
      for (int row = 0; row < rows; row++) {
        up[row * rank + n] = left[n][row] / (byOutput ? scale[row] : 1);
      }
      for (int j = 0; j < columns; j++) {
        down[n * columns + j] = right[n][j] / (byOutput ? 1 : scale[j / kernel]);
      }
    }
    return new Fit(up, down, magnitude, moved == 0 ? 0 : distance() / Math.sqrt(moved));
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  /// Gram-Schmidt, twice over for what the first round leaves; a vector that vanishes becomes 0.
  private static void orthonormalise(double[][] vectors) {
    for (int n = 0; n < vectors.length; n++) {
      double length = Math.sqrt(dot(vectors[n], vectors[n]));
      for (int round = 0; round < 2; round++) {
        for (int m = 0; m < n; m++) {
          double share = dot(vectors[n], vectors[m]);
          for (int i = 0; i < vectors[n].length; i++) {
            vectors[n][i] -= share * vectors[m][i];
          }
        }
      }
      double left = Math.sqrt(dot(vectors[n], vectors[n]));
      double factor = left <= 1e-14 * length ? 0 : 1 / left;
      for (int i = 0; i < vectors[n].length; i++) {
        vectors[n][i] *= factor;
      }
    }
  }
}
