package radiata.bake;

import radiata.adapter.Adapter;
import radiata.adapter.Dora;
import radiata.adapter.Factor;
import radiata.adapter.Lora;
import radiata.adapter.Scale;
import radiata.convention.DoraAxis;
import radiata.convention.Profile;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.tensor.DoubleTensor;
import radiata.tensor.Kernels;

/// LoRA or DoRA on one row of a weight at a time, in floats: the same formula as [Lora] and [Dora],
/// without ever holding the delta. An output-axis magnitude needs its row alone; an input-axis one
/// needs the norms of all columns first, so its weight is passed over twice.
final class FusedStage {
  /// How many neighbouring rows are taken together.
  static final int ROWS = 4;

  /// For the rounding of norm and factor.
  private static final double SLACK = 1.001;

  private final Panels panels;
  private final int rank;
  private final float[] up;
  private final float[][][] down;
  private final Profile profile;
  private final double strength;
  private final double epsilon;
  private final boolean baseNorm;
  private final double[] magnitude;
  private final boolean inputAxis;
  private final int kernel;
  private final float[][][] before;
  private final double[] bounds = new double[ROWS];
  private float[][] columns = new float[0][];
  private float[][] sums = new float[0][];

  private FusedStage(
      Lora<DoubleTensor> lora,
      Shape view,
      double strength,
      DType base,
      Profile as,
      double[] magnitude,
      DoraAxis axis) {
    Factor.Split<DoubleTensor> pair = pair(lora);
    this.panels = new Panels(Math.toIntExact(view.matrix().dim(1)));
    this.rank = Math.toIntExact(pair.down().shape().dim(0));
    boolean decomposed = magnitude.length > 0;
    boolean inside = !decomposed || as.strength() == Profile.Strength.INSIDE_NORM;
    double scale = lora.scale().under(as) * (inside ? strength : 1);
    this.up = new float[Math.toIntExact(pair.up().shape().elements())];
    for (int i = 0; i < up.length; i++) {
      up[i] = (float) (scale * pair.up().at(i));
    }
    this.down = panels.matrix(pair.down(), rank);
    this.profile = as;
    this.strength = strength;
    this.epsilon = as.epsilon(base);
    this.magnitude = magnitude;
    this.inputAxis = decomposed && axis == DoraAxis.INPUT;
    this.baseNorm = decomposed && !inputAxis && as.norm() == Profile.Norm.BASE_ON_OUTPUT;
    this.kernel = Math.toIntExact(view.matrix().dim(1) / Math.max(1, view.dim(1)));
    this.before = keepsWeight() ? panels.rows(ROWS) : new float[0][][];
  }

  private boolean keepsWeight() {
    return magnitude.length > 0 && profile.strength() == Profile.Strength.TOWARDS && strength != 1;
  }

  private static double[] magnitude(Dora<DoubleTensor> dora) {
    double[] values = new double[Math.toIntExact(dora.magnitude().shape().elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = dora.magnitude().at(i);
    }
    return values;
  }

  /// Whether an adapter can be a stage: a low-rank pair, with a magnitude that lies along its axis.
  static boolean suits(Adapter<TensorInfo> adapter, Shape view, Profile as) {
    return adapter instanceof Dora<TensorInfo> dora
        ? isPair(dora.inner()) && alongAxis(dora.magnitude().shape(), dora.axis(), view, as)
        : isPair(adapter);
  }

  private static boolean isPair(Adapter<TensorInfo> adapter) {
    return adapter instanceof Lora<TensorInfo>(Factor.Split<TensorInfo> _, Scale _);
  }

  /// The stage for an adapter that [#suits].
  static FusedStage of(
      Adapter<DoubleTensor> adapter, Shape view, double strength, DType base, Profile as) {
    return adapter instanceof Dora<DoubleTensor> dora
        ? new FusedStage(
            lora(dora.inner()),
            view,
            strength,
            base,
            as,
            magnitude(dora),
            as.axis(dora.axis(), dora.magnitude().shape(), view))
        : new FusedStage(lora(adapter), view, strength, base, as, new double[0], DoraAxis.OUTPUT);
  }

  private static Lora<DoubleTensor> lora(Adapter<DoubleTensor> inner) {
    if (inner instanceof Lora<DoubleTensor> lora) {
      return lora;
    }
    throw new IllegalArgumentException("no LoRA: " + inner.getClass());
  }

  private static Factor.Split<DoubleTensor> pair(Lora<DoubleTensor> lora) {
    if (lora.factor() instanceof Factor.Split<DoubleTensor> pair) {
      return pair;
    }
    throw new IllegalArgumentException("no low-rank pair: " + lora.factor());
  }

  /// A runtime that broadcasts the magnitude as stored may stretch it along the other axis; that is
  /// left to the formula.
  private static boolean alongAxis(Shape stored, DoraAxis told, Shape view, Profile as) {
    DoraAxis axis = as.axis(told, stored, view);
    int at = axis == DoraAxis.OUTPUT ? 0 : 1;
    long needed = view.dim(at);
    if (stored.elements() != needed) {
      return false;
    }
    return as.shapesMagnitude() || (stored.rank() == view.rank() && stored.dim(at) == needed);
  }

  /// Whether all columns have to be measured before the first row can be changed.
  boolean needsColumns() {
    return inputAxis && columns.length == 0;
  }

  void beginColumns() {
    sums = panels.row();
  }

  /// Adds rows of the moved weight, from row `o` on, to the sums of its columns.
  void measure(int o, float[][][] rows, int count) {
    product(o, rows, count);
    for (int i = 0; i < count; i++) {
      for (int p = 0; p < sums.length; p++) {
        Kernels.addSquares(sums[p], rows[i][p]);
      }
    }
  }

  /// Turns the sums of the columns into the factor of each.
  void endColumns() {
    double[] squares = new double[magnitude.length];
    for (int p = 0; p < sums.length; p++) {
      for (int i = 0; i < sums[p].length; i++) {
        squares[(panels.from(p) + i) / kernel] += sums[p][i];
      }
    }
    float[][] factors = panels.row();
    for (int p = 0; p < factors.length; p++) {
      for (int i = 0; i < factors[p].length; i++) {
        int column = (panels.from(p) + i) / kernel;
        factors[p][i] = (float) factor(magnitude[column], Math.sqrt(squares[column]));
      }
    }
    columns = factors;
    sums = new float[0][];
  }

  /// Changes at most [#ROWS] rows in place, from row `o` on.
  void apply(int o, float[][][] rows, int count) {
    double[] squares = new double[count];
    for (int i = 0; i < count; i++) {
      bounds[i] = Double.NaN;
      if (keepsWeight()) {
        Panels.copy(rows[i], before[i]);
      }
      squares[i] = baseNorm ? squares(rows[i]) : 0;
    }
    product(o, rows, count);
    for (int i = 0; i < count && magnitude.length > 0; i++) {
      if (inputAxis) {
        byColumns(rows[i], i);
      } else {
        double norm = Math.sqrt(baseNorm ? squares[i] : squares(rows[i]));
        double factor = factor(magnitude[o + i], norm);
        byRow(rows[i], i, (float) factor);
        if (!baseNorm && !keepsWeight()) {
          bounds[i] = SLACK * Math.abs(factor) * norm;
        }
      }
    }
  }

  private void byColumns(float[][] row, int at) {
    for (int p = 0; p < row.length; p++) {
      if (keepsWeight()) {
        Kernels.mix(row[p], columns[p], before[at][p], (float) (1 - strength));
      } else {
        Kernels.scale(row[p], columns[p]);
      }
    }
  }

  private void byRow(float[][] row, int at, float factor) {
    for (int p = 0; p < row.length; p++) {
      if (keepsWeight()) {
        Kernels.mix(row[p], factor, before[at][p], (float) (1 - strength));
      } else {
        Kernels.scale(row[p], factor);
      }
    }
  }

  /// What no value of row `i` of the last [#apply] exceeds; NaN where only a look at them can tell.
  double bound(int i) {
    return bounds[i];
  }

  /// What the moved weight is multiplied by where the magnitude is `m` and the norm `n`.
  private double factor(double m, double n) {
    double divisor = n + epsilon;
    double ratio = divisor == 0 && profile.guardsZeroNorm() ? 0 : m / divisor;
    return switch (profile.strength()) {
      case TOWARDS -> strength * ratio;
      case ON_FACTOR -> 1 + strength * (ratio - 1);
      case INSIDE_NORM -> ratio;
    };
  }

  private static double squares(float[][] row) {
    double sum = 0;
    for (float[] part : row) {
      sum += Kernels.squares(part);
    }
    return sum;
  }

  private void product(int o, float[][][] rows, int count) {
    for (int p = 0; p < down.length; p++) {
      int k = 0;
      if (count == ROWS) {
        float[][] d = down[p];
        for (; k + 4 <= rank; k += 4) {
          Kernels.fourRowsFourSteps(
              rows[0][p],
              rows[1][p],
              rows[2][p],
              rows[3][p],
              d[k],
              d[k + 1],
              d[k + 2],
              d[k + 3],
              up,
              o * rank + k,
              rank);
        }
      }
      for (int i = 0; i < count; i++) {
        product(rows[i][p], down[p], (o + i) * rank, k);
      }
    }
  }

  private void product(float[] y, float[][] d, int at, int from) {
    int k = from;
    for (; k + 4 <= rank; k += 4) {
      Kernels.fourSteps(
          y,
          d[k],
          d[k + 1],
          d[k + 2],
          d[k + 3],
          up[at + k],
          up[at + k + 1],
          up[at + k + 2],
          up[at + k + 3]);
    }
    for (; k < rank; k++) {
      Kernels.step(y, d[k], up[at + k]);
    }
  }
}
