package radiata.train.engine;

/// How a convolution runs over height and width, alike in both.
public record Convolution(int stride, int padding) {
  /// Each place by itself.
  public static final Convolution POINT = new Convolution(1, 0);
}
