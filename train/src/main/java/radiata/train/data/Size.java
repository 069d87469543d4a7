package radiata.train.data;

/// Width and height in pixels.
public record Size(int width, int height) implements Comparable<Size> {
  public double aspect() {
    return (double) width / height;
  }

  public long area() {
    return (long) width * height;
  }

  /// By width, then by height.
  @Override
  public int compareTo(Size other) {
    int widths = Integer.compare(width, other.width);
    return widths != 0 ? widths : Integer.compare(height, other.height);
  }

  @Override
  public String toString() {
    return width + "x" + height;
  }
}
