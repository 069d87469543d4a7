package radiata.bake;

import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.convert.Narrow;

/// What rounding left of the change of one tensor.
///
/// @param kept the part of the change that stands in the output: its projection on the exact
///   change, 1 when all of it does; taken over all elements of a small tensor, over evenly spaced
///   rows of a large one
/// @param unchanged the share of elements of those rows whose value is the base's
/// @param overflow elements, of all rows, that the output's dtype cannot hold
public record Survival(String tensor, double kept, double unchanged, long overflow) {

  /// Elements that are looked at. More would cost a tenth of the bake and move no figure that is
  /// shown.
  private static final long SAMPLE = 1 << 15;

  /// Collects the figures row by row.
  static final class Meter {
    private final DType dtype;
    private final long stride;
    private double dot;
    private double square;
    private long same;
    private long seen;
    private long overflow;

    Meter(DType dtype, Shape shape) {
      this.dtype = dtype;
      this.stride = Math.max(1, Math.ceilDiv(shape.elements(), SAMPLE));
    }

    /// Whether this row is one of those that are looked at.
    boolean wants(long row) {
      return row % stride == 0;
    }

    void element(double before, double exact, double stored) {
      double change = exact - before;
      dot += change * (stored - before);
      square += change * change;
      same += stored == before ? 1 : 0;
      seen++;
    }

    void overflow(double value) {
      overflow += Narrow.overflows(value, dtype) ? 1 : 0;
    }

    Survival done(String tensor) {
      boolean moved = square > 0 && Double.isFinite(square) && Double.isFinite(dot);
      return new Survival(
          tensor, moved ? dot / square : 1, seen == 0 ? 1 : (double) same / seen, overflow);
    }
  }
}
