package radiata.cli.measure;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// How far two tensors of one shape are apart.
///
/// @param equal whether they count as equal under the tolerance that was asked for
/// @param maxAbs the largest `|a - b|`; NaN if in some place only one of them is NaN, or if the
///   elements are no single numbers
/// @param maxRel the largest `|a - b| / max(|a|, |b|)`
/// @param cosine of the angle between the two, over the places where both are finite; NaN if either
///   is all zeros there
public record Difference(boolean equal, double maxAbs, double maxRel, double cosine) {
  private static final Difference NONE = new Difference(true, 0, 0, 1);
  private static final Difference OPAQUE =
      new Difference(false, Double.NaN, Double.NaN, Double.NaN);

  /// What is still equal: `|a - b| <= absolute + relative * |b|`, as NumPy's `isclose` has it. With
  /// neither, equal bits, or equal values where the types differ.
  public record Tolerance(double absolute, double relative) {
    public static final Tolerance NONE = new Tolerance(0, 0);
  }

  /// Compares two tensors of one shape. Equal bytes of one type are found without reading them as
  /// numbers.
  public static Difference between(
      TensorFile fileA, TensorInfo a, TensorFile fileB, TensorInfo b, Tolerance tolerance)
      throws IOException {
    boolean oneType = a.dtype() == b.dtype();
    try (Blocks left = new Blocks();
        Blocks right = new Blocks()) {
      if (oneType && sameBytes(fileA, a, left, fileB, b, right)) {
        return NONE;
      }
      if (!Blocks.measurable(a.dtype()) || !Blocks.measurable(b.dtype())) {
        return OPAQUE;
      }
      Sums sums = new Sums(tolerance);
      long elements = a.shape().elements();
      for (long first = 0; first < elements; first += Blocks.ELEMENTS) {
        int count = Blocks.count(elements, first);
        sums.add(
            left.numbers(fileA, a, first, count), right.numbers(fileB, b, first, count), count);
      }
      boolean exact = tolerance.equals(Tolerance.NONE);
      return sums.difference(exact && oneType);
    }
  }

  private static boolean sameBytes(
      TensorFile fileA, TensorInfo a, Blocks left, TensorFile fileB, TensorInfo b, Blocks right)
      throws IOException {
    for (long offset = 0; offset < a.bytes(); offset += Blocks.ELEMENTS) {
      MemorySegment here = left.bytes(fileA, a, offset);
      if (here.mismatch(right.bytes(fileB, b, offset)) >= 0) {
        return false;
      }
    }
    return true;
  }

  private static final class Sums {
    private final Tolerance tolerance;
    private boolean within = true;
    private double maxAbs;
    private double maxRel;
    private double dot;
    private double squaresA;
    private double squaresB;

    Sums(Tolerance tolerance) {
      this.tolerance = tolerance;
    }

    void add(double[] left, double[] right, int count) {
      for (int i = 0; i < count; i++) {
        double a = left[i];
        double b = right[i];
        if (Double.isFinite(a) && Double.isFinite(b)) {
          dot += a * b;
          squaresA += a * a;
          squaresB += b * b;
        }
        if (a == b || Double.isNaN(a) && Double.isNaN(b)) {
          continue;
        }
        // Math.max keeps a NaN once there is one.
        double distance = Math.abs(a - b);
        maxAbs = Math.max(maxAbs, distance);
        double largest = Math.max(Math.abs(a), Math.abs(b));
        maxRel = Math.max(maxRel, Double.isInfinite(largest) ? largest : distance / largest);
        within &=
            Double.isFinite(distance)
                && distance <= tolerance.absolute() + tolerance.relative() * Math.abs(b);
      }
    }

    /// @param bitsDiffer whether the bits are known to differ and bits are what counts
    Difference difference(boolean bitsDiffer) {
      return new Difference(
          within && !bitsDiffer,
          maxAbs,
          maxRel,
          Math.max(-1, Math.min(1, dot / Math.sqrt(squaresA) / Math.sqrt(squaresB))));
    }
  }
}
