package radiata.bake;

/// Sums and multiples of rows into another row. Arrays are read and written at the same index, so
/// the compiler makes vector code of them, and the target may be one of the sources.
final class Blend {
  private Blend() {}

  /// `out = w + factor * y`.
  static void add(float[] out, float[] y, float factor, float[] w) {
    for (int i = 0; i < out.length; i++) {
      out[i] = Math.fma(factor, y[i], w[i]);
    }
  }

  /// `out = factor * y`.
  static void scale(float[] out, float[] y, float factor) {
    for (int i = 0; i < out.length; i++) {
      out[i] = factor * y[i];
    }
  }

  /// `out = factor * y`, elementwise.
  static void scale(float[] out, float[] y, float[] factor) {
    for (int i = 0; i < out.length; i++) {
      out[i] = factor[i] * y[i];
    }
  }

  /// `out = factor * y + share * w`.
  static void mix(float[] out, float[] y, float factor, float[] w, float share) {
    for (int i = 0; i < out.length; i++) {
      out[i] = Math.fma(share, w[i], factor * y[i]);
    }
  }

  /// `out = factor * y + share * w`, elementwise.
  static void mix(float[] out, float[] y, float[] factor, float[] w, float share) {
    for (int i = 0; i < out.length; i++) {
      out[i] = Math.fma(share, w[i], factor[i] * y[i]);
    }
  }
}
