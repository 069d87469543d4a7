package radiata.train.data;

import java.util.Arrays;

/// Pictures in other sizes. To be averaged over areas is what OpenCV's `INTER_AREA` does, Lanczos
/// is Pillow's filter of three lobes with its fixed-point numbers (Pillow 12 `Resample.c`).
final class Resampling {
  private static final int LOBES = 3;

  /// Of Pillow's coefficients.
  private static final int FRACTION_BITS = 22;

  private Resampling() {}

  static Picture resized(Picture picture, Size to) {
    Size from = picture.size();
    return from.width() >= to.width() && from.height() >= to.height()
        ? averaged(picture, to)
        : lanczos(picture, to);
  }

  /// What each new place is made of: `weight[i]` of the old place `first + i`.
  private static final class Mix {
    final int first;
    final double[] weights;

    Mix(int first, double[] weights) {
      this.first = first;
      this.weights = weights;
    }
  }

  private static Picture averaged(Picture picture, Size to) {
    Size from = picture.size();
    Mix[] columns = areas(from.width(), to.width());
    Mix[] rows = areas(from.height(), to.height());
    byte[] rgb = picture.rgb();
    byte[] smaller = new byte[3 * to.width() * to.height()];
    double[] line = new double[3 * from.width()];
    for (int y = 0; y < to.height(); y++) {
      Arrays.fill(line, 0);
      for (int i = 0; i < rows[y].weights.length; i++) {
        int start = 3 * from.width() * (rows[y].first + i);
        for (int x = 0; x < line.length; x++) {
          line[x] += rows[y].weights[i] * (rgb[start + x] & 0xff);
        }
      }
      for (int x = 0; x < to.width(); x++) {
        for (int c = 0; c < 3; c++) {
          double sum = 0;
          for (int i = 0; i < columns[x].weights.length; i++) {
            sum += columns[x].weights[i] * line[3 * (columns[x].first + i) + c];
          }
          smaller[3 * (y * to.width() + x) + c] = (byte) Math.rint(sum);
        }
      }
    }
    return new Picture(to, smaller);
  }

  private static Mix[] areas(int from, int to) {
    double scale = (double) from / to;
    Mix[] areas = new Mix[to];
    for (int x = 0; x < to; x++) {
      double start = x * scale;
      double end = Math.min(start + scale, from);
      int first = (int) start;
      // Rounding must not reach into a place that is only touched.
      int last = Math.min(from, (int) Math.ceil(end - 1e-9));
      double[] weights = new double[last - first];
      for (int i = first; i < last; i++) {
        double covered = Math.min(end, i + 1.0) - Math.max(start, i);
        weights[i - first] = covered / (end - start);
      }
      areas[x] = new Mix(first, weights);
    }
    return areas;
  }

  /// Pillow's two passes: first across, then down, each rounded to eight bits.
  private static Picture lanczos(Picture picture, Size to) {
    Size from = picture.size();
    byte[] wide = new byte[3 * to.width() * from.height()];
    Taps[] columns = taps(from.width(), to.width());
    for (int y = 0; y < from.height(); y++) {
      for (int x = 0; x < to.width(); x++) {
        int start = 3 * (y * from.width() + columns[x].first);
        int at = 3 * (y * to.width() + x);
        columns[x].mix(picture.rgb(), start, 3, wide, at);
      }
    }
    Taps[] rows = taps(from.height(), to.height());
    byte[] done = new byte[3 * to.width() * to.height()];
    for (int y = 0; y < to.height(); y++) {
      for (int x = 0; x < to.width(); x++) {
        int start = 3 * (rows[y].first * to.width() + x);
        rows[y].mix(wide, start, 3 * to.width(), done, 3 * (y * to.width() + x));
      }
    }
    return new Picture(to, done);
  }

  /// The same in Pillow's numbers.
  private static final class Taps {
    final int first;
    final int[] weights;

    Taps(int first, int[] weights) {
      this.first = first;
      this.weights = weights;
    }

    void mix(byte[] from, int start, int step, byte[] to, int at) {
      for (int c = 0; c < 3; c++) {
        int sum = 1 << (FRACTION_BITS - 1);
        for (int i = 0; i < weights.length; i++) {
          sum += weights[i] * (from[start + i * step + c] & 0xff);
        }
        to[at + c] = (byte) Math.clamp(sum >> FRACTION_BITS, 0, 255);
      }
    }
  }

  private static Taps[] taps(int from, int to) {
    double scale = (double) from / to;
    double stretch = Math.max(scale, 1);
    double support = LOBES * stretch;
    Taps[] taps = new Taps[to];
    for (int x = 0; x < to; x++) {
      double centre = (x + 0.5) * scale;
      int first = Math.max(0, (int) (centre - support + 0.5));
      int last = Math.min(from, (int) (centre + support + 0.5));
      double[] weights = new double[last - first];
      double sum = 0;
      for (int i = 0; i < weights.length; i++) {
        weights[i] = lanczos((i + first - centre + 0.5) / stretch);
        sum += weights[i];
      }
      int[] fixed = new int[weights.length];
      for (int i = 0; i < fixed.length; i++) {
        double value = weights[i] / sum * (1 << FRACTION_BITS);
        fixed[i] = (int) (value < 0 ? value - 0.5 : value + 0.5);
      }
      taps[x] = new Taps(first, fixed);
    }
    return taps;
  }

  private static double lanczos(double x) {
    return x >= -LOBES && x < LOBES ? sinc(x) * sinc(x / LOBES) : 0;
  }

  private static double sinc(double x) {
    return x == 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
  }
}
