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

/// LoRA or DoRA on a few rows of a weight at a time, in floats: the same formula as [Lora] and
/// [Dora], without ever holding the delta. What does not depend on the strength, the delta or the
/// moved weight V = W + delta, is computed once ([#delta], [#move]) for all strengths ([#finish]).
final class FusedStage {
  /// For the rounding of norm and factor.
  private static final double SLACK = 1.001;

  private final Panels panels;
  private final int rank;
  private final float[] up;
  private final float[][][] down;
  private final Profile profile;
  private final double epsilon;
  private final boolean baseNorm;
  private final double[] magnitude;
  private final boolean inputAxis;
  private final int kernel;
  private final RowGroup delta;

  private FusedStage(
      Lora<DoubleTensor> lora,
      Shape view,
      DType base,
      Profile as,
      double[] magnitude,
      DoraAxis axis) {
    Factor.Split<DoubleTensor> pair = pair(lora);
    this.panels = new Panels(Math.toIntExact(view.matrix().dim(1)));
    this.rank = Math.toIntExact(pair.down().shape().dim(0));
    boolean decomposed = magnitude.length > 0;
    double scale = lora.scale().under(as);
    this.up = new float[Math.toIntExact(pair.up().shape().elements())];
    for (int i = 0; i < up.length; i++) {
      up[i] = (float) (scale * pair.up().at(i));
    }
    this.down = panels.matrix(pair.down(), rank);
    this.profile = as;
    this.epsilon = as.epsilon(base);
    this.magnitude = magnitude;
    this.inputAxis = decomposed && axis == DoraAxis.INPUT;
    this.baseNorm = decomposed && !inputAxis && as.norm() == Profile.Norm.BASE_ON_OUTPUT;
    this.kernel = Math.toIntExact(view.matrix().dim(1) / Math.max(1, view.dim(1)));
    this.delta = new RowGroup(panels);
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
  static FusedStage of(Adapter<DoubleTensor> adapter, Shape view, DType base, Profile as) {
    return adapter instanceof Dora<DoubleTensor> dora
        ? new FusedStage(
            lora(dora.inner()),
            view,
            base,
            as,
            magnitude(dora),
            as.axis(dora.axis(), dora.magnitude().shape(), view))
        : new FusedStage(lora(adapter), view, base, as, new double[0], DoraAxis.OUTPUT);
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

  private boolean decomposed() {
    return magnitude.length > 0;
  }

  /// Whether what the strengths share is the delta alone; else it is V = W + delta.
  boolean sharesDelta() {
    return !decomposed() || profile.strength() == Profile.Strength.INSIDE_NORM;
  }

  /// Whether all columns have to be measured before the first row can be changed.
  boolean needsColumns() {
    return inputAxis;
  }

  /// Whether the weight itself is needed when V is known.
  boolean needsWeight(double strength) {
    return sharesDelta()
        || baseNorm
        || (profile.strength() == Profile.Strength.TOWARDS && strength != 1);
  }

  /// The delta of some rows, computed once however often it is asked for.
  ///
  /// @param o the first row's place in the view
  RowGroup delta(int o, RowGroup in, int count) {
    if (delta.number() != in.number()) {
      delta.clear(count);
      product(o, delta.rows(), count);
      delta.changed();
      delta.number(in.number());
    }
    return delta;
  }

  /// Computes V = W + delta.
  ///
  /// @param o the first row's place in the view
  /// @param into for V; if it is `in` itself, the weight is overwritten
  void move(int o, RowGroup in, RowGroup into, int count) {
    if (into != in) {
      into.copyFrom(in, count);
    }
    product(o, into.rows(), count);
    into.changed();
  }

  /// Adds the rows of a moved weight to the sums of its columns.
  ///
  /// @param into for the moved weight, where it depends on the strength
  void measure(
      RowGroup in, RowGroup part, double strength, RowGroup into, float[][] sums, int count) {
    for (int i = 0; i < count; i++) {
      if (sharesDelta()) {
        add(into.row(i), part.row(i), strength, in.row(i));
      }
      float[][] moved = sharesDelta() ? into.row(i) : part.row(i);
      for (int p = 0; p < sums.length; p++) {
        Kernels.addSquares(sums[p], moved[p]);
      }
    }
    into.changed();
  }

  /// The factor of every column of a moved weight. No factor is larger than `most`.
  static final class Columns {
    static final Columns NONE = new Columns(new float[0][], Double.NaN);

    private final float[][] factors;
    private final double most;

    Columns(float[][] factors, double most) {
      this.factors = factors;
      this.most = most;
    }
  }

  /// The factor of every column of the moved weight, from the sums of their squares.
  Columns columns(float[][] sums, double strength) {
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
        factors[p][i] = (float) factor(magnitude[column], Math.sqrt(squares[column]), strength);
      }
    }
    float most = 0;
    for (float[] part : factors) {
      most = Kernels.peak(part, most);
    }
    return new Columns(factors, most);
  }

  /// Computes the new rows for one strength.
  ///
  /// @param columns the factor of every column, where [#needsColumns]
  /// @param into for the result; it may be `part` if that is not needed any more
  /// @param bounded whether norms that others need too shall bound the result
  void finish(
      int o,
      RowGroup in,
      RowGroup part,
      double strength,
      Columns columns,
      RowGroup into,
      int count,
      boolean bounded) {
    double[] bounds = new double[count];
    for (int i = 0; i < count; i++) {
      if (decomposed()) {
        bounds[i] = decompose(o + i, i, in, part, strength, columns, into, bounded);
      } else {
        bounds[i] = bounded ? SLACK * (in.norm(i) + Math.abs(strength) * part.norm(i)) : Double.NaN;
        add(into.row(i), part.row(i), strength, in.row(i));
      }
    }
    into.changed();
    into.number(in.number());
    for (int i = 0; i < count; i++) {
      into.bound(i, bounds[i]);
    }
  }

  private double decompose(
      int o,
      int i,
      RowGroup in,
      RowGroup part,
      double strength,
      Columns columns,
      RowGroup into,
      boolean bounded) {
    RowGroup moved = part;
    if (sharesDelta()) {
      add(into.row(i), part.row(i), strength, in.row(i));
      into.changed();
      moved = into;
    }
    boolean keeps = profile.strength() == Profile.Strength.TOWARDS && strength != 1;
    float share = keeps ? (float) (1 - strength) : 0;
    double rest = keeps && bounded ? Math.abs(share) * in.norm(i) : keeps ? Double.NaN : 0;
    if (inputAxis) {
      double most = bounded ? columns.most * moved.norm(i) : Double.NaN;
      for (int p = 0; p < columns.factors.length; p++) {
        if (keeps) {
          Blend.mix(into.row(i)[p], moved.row(i)[p], columns.factors[p], in.row(i)[p], share);
        } else {
          Blend.scale(into.row(i)[p], moved.row(i)[p], columns.factors[p]);
        }
      }
      return SLACK * (most + rest);
    }
    float factor = (float) factor(magnitude[o], baseNorm ? in.norm(i) : moved.norm(i), strength);
    double most = baseNorm && !bounded ? Double.NaN : Math.abs(factor) * moved.norm(i);
    for (int p = 0; p < moved.row(i).length; p++) {
      if (keeps) {
        Blend.mix(into.row(i)[p], moved.row(i)[p], factor, in.row(i)[p], share);
      } else {
        Blend.scale(into.row(i)[p], moved.row(i)[p], factor);
      }
    }
    return SLACK * (most + rest);
  }

  private static void add(float[][] out, float[][] delta, double strength, float[][] weight) {
    for (int p = 0; p < out.length; p++) {
      Blend.add(out[p], delta[p], (float) strength, weight[p]);
    }
  }

  /// What the moved weight is multiplied by where the magnitude is `m` and the norm `n`.
  private double factor(double m, double n, double strength) {
    double divisor = n + epsilon;
    double ratio = divisor == 0 && profile.guardsZeroNorm() ? 0 : m / divisor;
    return switch (profile.strength()) {
      case TOWARDS -> strength * ratio;
      case ON_FACTOR -> 1 + strength * (ratio - 1);
      case INSIDE_NORM -> ratio;
    };
  }

  private void product(int o, float[][][] rows, int count) {
    for (int p = 0; p < down.length; p++) {
      int k = 0;
      if (count == RowGroup.ROWS) {
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
