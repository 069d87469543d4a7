package radiata.cli.measure;

import java.io.IOException;
import java.util.Optional;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// What the elements of a tensor are like. Smallest, largest, mean and deviation are those of the
/// finite elements, and NaN where there is none.
///
/// @param elements how many there are
/// @param nan how many are NaN
/// @param infinite how many are infinite
/// @param deviation the standard deviation of the whole population
public record Statistics(
    long elements, long nan, long infinite, double min, double max, double mean, double deviation) {
  /// Reads the whole tensor; empty for types whose elements are no single numbers.
  public static Optional<Statistics> of(TensorFile file, TensorInfo tensor) throws IOException {
    if (!Blocks.measurable(tensor.dtype())) {
      return Optional.empty();
    }
    Sums sums = new Sums();
    long elements = tensor.shape().elements();
    try (Blocks blocks = new Blocks()) {
      for (long first = 0; first < elements; first += Blocks.ELEMENTS) {
        int count = Blocks.count(elements, first);
        sums.add(blocks.numbers(file, tensor, first, count), count);
      }
    }
    return Optional.of(sums.statistics(elements));
  }

  public boolean allFinite() {
    return nan == 0 && infinite == 0;
  }

  /// Running sums; blocks are joined by the formula of Chan, Golub and LeVeque (1979), which loses
  /// no digits to a large mean.
  private static final class Sums {
    private long nan;
    private long infinite;
    private long finite;
    private double min = Double.POSITIVE_INFINITY;
    private double max = Double.NEGATIVE_INFINITY;
    private double mean;
    private double squares;

    void add(double[] block, int count) {
      double sum = 0;
      long here = 0;
      for (int i = 0; i < count; i++) {
        double x = block[i];
        if (Double.isFinite(x)) {
          sum += x;
          here++;
          min = Math.min(min, x);
          max = Math.max(max, x);
        } else if (Double.isNaN(x)) {
          nan++;
        } else {
          infinite++;
        }
      }
      if (here == 0) {
        return;
      }
      double blockMean = sum / here;
      double blockSquares = 0;
      for (int i = 0; i < count; i++) {
        double distance = block[i] - blockMean;
        blockSquares += Double.isFinite(distance) ? distance * distance : 0;
      }
      double between = blockMean - mean;
      long all = finite + here;
      squares += blockSquares + between * between * ((double) finite * here / all);
      mean += between * here / all;
      finite = all;
    }

    Statistics statistics(long elements) {
      return finite == 0
          ? new Statistics(elements, nan, infinite, Double.NaN, Double.NaN, Double.NaN, Double.NaN)
          : new Statistics(elements, nan, infinite, min, max, mean, Math.sqrt(squares / finite));
    }
  }
}
