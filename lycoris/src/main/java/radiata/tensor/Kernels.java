package radiata.tensor;

/// The inner loops of products. Every array of a call is read and written at the same index, which
/// is what lets the compiler prove that they do not overlap and use vectors; a fused multiply-add
/// keeps the bits the same whether it does or not.
public final class Kernels {
  private Kernels() {}

  /// `y += b * a`.
  public static void step(double[] y, double[] a, double b) {
    for (int i = 0; i < y.length; i++) {
      y[i] = Math.fma(b, a[i], y[i]);
    }
  }

  /// Four [#step]s in one pass, in the same order.
  public static void fourSteps(
      double[] y,
      double[] a0,
      double[] a1,
      double[] a2,
      double[] a3,
      double b0,
      double b1,
      double b2,
      double b3) {
    for (int i = 0; i < y.length; i++) {
      y[i] =
          Math.fma(b3, a3[i], Math.fma(b2, a2[i], Math.fma(b1, a1[i], Math.fma(b0, a0[i], y[i]))));
    }
  }

  /// `y += b * a`.
  public static void step(float[] y, float[] a, float b) {
    for (int i = 0; i < y.length; i++) {
      y[i] = Math.fma(b, a[i], y[i]);
    }
  }

  /// Four [#step]s in one pass, in the same order.
  public static void fourSteps(
      float[] y,
      float[] a0,
      float[] a1,
      float[] a2,
      float[] a3,
      float b0,
      float b1,
      float b2,
      float b3) {
    for (int i = 0; i < y.length; i++) {
      y[i] =
          Math.fma(b3, a3[i], Math.fma(b2, a2[i], Math.fma(b1, a1[i], Math.fma(b0, a0[i], y[i]))));
    }
  }

  /// [#fourSteps] for four rows `y`, `z`, `u`, `v` at once: each value of `a` is loaded once for
  /// all of them, which doubles the rate. `b` holds the factors of the rows one after another,
  /// `rank` apart, from `at` on.
  public static void fourRowsFourSteps(
      float[] y,
      float[] z,
      float[] u,
      float[] v,
      float[] a0,
      float[] a1,
      float[] a2,
      float[] a3,
      float[] b,
      int at,
      int rank) {
    fourRowsFourSteps(
        y,
        z,
        u,
        v,
        a0,
        a1,
        a2,
        a3,
        b[at],
        b[at + 1],
        b[at + 2],
        b[at + 3],
        b[at + rank],
        b[at + rank + 1],
        b[at + rank + 2],
        b[at + rank + 3],
        b[at + 2 * rank],
        b[at + 2 * rank + 1],
        b[at + 2 * rank + 2],
        b[at + 2 * rank + 3],
        b[at + 3 * rank],
        b[at + 3 * rank + 1],
        b[at + 3 * rank + 2],
        b[at + 3 * rank + 3]);
  }

  private static void fourRowsFourSteps(
      float[] y,
      float[] z,
      float[] u,
      float[] v,
      float[] a0,
      float[] a1,
      float[] a2,
      float[] a3,
      float b0,
      float b1,
      float b2,
      float b3,
      float c0,
      float c1,
      float c2,
      float c3,
      float d0,
      float d1,
      float d2,
      float d3,
      float e0,
      float e1,
      float e2,
      float e3) {
    for (int i = 0; i < y.length; i++) {
      float x0 = a0[i];
      float x1 = a1[i];
      float x2 = a2[i];
      float x3 = a3[i];
      y[i] = Math.fma(b3, x3, Math.fma(b2, x2, Math.fma(b1, x1, Math.fma(b0, x0, y[i]))));
      z[i] = Math.fma(c3, x3, Math.fma(c2, x2, Math.fma(c1, x1, Math.fma(c0, x0, z[i]))));
      u[i] = Math.fma(d3, x3, Math.fma(d2, x2, Math.fma(d1, x1, Math.fma(d0, x0, u[i]))));
      v[i] = Math.fma(e3, x3, Math.fma(e2, x2, Math.fma(e1, x1, Math.fma(e0, x0, v[i]))));
    }
  }

  /// `sums += y * y`, elementwise.
  public static void addSquares(float[] sums, float[] y) {
    for (int i = 0; i < y.length; i++) {
      sums[i] = Math.fma(y[i], y[i], sums[i]);
    }
  }

  /// The sum of the squares of `y`, in eight interleaved partial sums.
  public static double squares(float[] y) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    float s4 = 0;
    float s5 = 0;
    float s6 = 0;
    float s7 = 0;
    int i = 0;
    for (; i + 8 <= y.length; i += 8) {
      s0 = Math.fma(y[i], y[i], s0);
      s1 = Math.fma(y[i + 1], y[i + 1], s1);
      s2 = Math.fma(y[i + 2], y[i + 2], s2);
      s3 = Math.fma(y[i + 3], y[i + 3], s3);
      s4 = Math.fma(y[i + 4], y[i + 4], s4);
      s5 = Math.fma(y[i + 5], y[i + 5], s5);
      s6 = Math.fma(y[i + 6], y[i + 6], s6);
      s7 = Math.fma(y[i + 7], y[i + 7], s7);
    }
    double sum =
        ((double) s0 + s1) + ((double) s2 + s3) + (((double) s4 + s5) + ((double) s6 + s7));
    for (; i < y.length; i++) {
      sum += (double) y[i] * y[i];
    }
    return sum;
  }

  /// The largest magnitude in `y`, at least `peak`; NaN if `y` holds one.
  public static float peak(float[] y, float peak) {
    float most = peak;
    for (int i = 0; i < y.length; i++) {
      most = Math.max(most, Math.abs(y[i]));
    }
    return most;
  }
}
