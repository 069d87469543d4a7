package radiata.bake;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import radiata.tensor.DoubleTensor;

/// A row of a weight cut into pieces that stay in the nearest cache while a product runs over them.
///
/// @param columns elements of the row
record Panels(int columns) {
  /// No power of two: rows that lie a multiple of 4096 bytes apart get into each other's way in the
  /// cache.
  private static final int WIDTH = 1280;

  int count() {
    return (columns + WIDTH - 1) / WIDTH;
  }

  int from(int panel) {
    return panel * WIDTH;
  }

  int width(int panel) {
    return Math.min(WIDTH, columns - panel * WIDTH);
  }

  /// Space for one row.
  float[][] row() {
    float[][] row = new float[count()][];
    for (int p = 0; p < row.length; p++) {
      row[p] = new float[width(p)];
    }
    return row;
  }

  /// Space for some rows.
  float[][][] rows(int count) {
    float[][][] rows = new float[count][][];
    for (int i = 0; i < count; i++) {
      rows[i] = row();
    }
    return rows;
  }

  static void copy(float[][] from, float[][] to) {
    for (int p = 0; p < from.length; p++) {
      System.arraycopy(from[p], 0, to[p], 0, from[p].length);
    }
  }

  /// A matrix `[rows, columns]`, panel by panel.
  float[][][] matrix(DoubleTensor of, int rows) {
    float[][][] cut = new float[count()][rows][];
    for (int p = 0; p < cut.length; p++) {
      for (int r = 0; r < rows; r++) {
        float[] part = new float[width(p)];
        long at = (long) r * columns + from(p);
        for (int i = 0; i < part.length; i++) {
          part[i] = (float) of.data().getAtIndex(JAVA_DOUBLE, at + i);
        }
        cut[p][r] = part;
      }
    }
    return cut;
  }
}
