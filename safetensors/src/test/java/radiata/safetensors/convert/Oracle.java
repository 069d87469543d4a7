package radiata.safetensors.convert;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import radiata.safetensors.DType;

/// A floating format by its textbook definition: all finite values that are not negative, in order,
/// and a search among them in exact decimal arithmetic. Slow, and written without a look at what it
/// judges.
final class Oracle {
  final DType dtype;
  final int bytes;
  private final int mantissaBits;
  private final int exponentBits;
  private final boolean infinities;
  private final List<BigDecimal> values = new ArrayList<>();

  /// @param infinities whether the highest exponent is set apart for infinity and NaN
  private Oracle(DType dtype, int exponentBits, int mantissaBits, boolean infinities) {
    this.dtype = dtype;
    this.bytes = (1 + exponentBits + mantissaBits) / 8;
    this.exponentBits = exponentBits;
    this.mantissaBits = mantissaBits;
    this.infinities = infinities;
    for (int code = 0; code < 1 << (exponentBits + mantissaBits); code++) {
      double value = value(code);
      if (Double.isFinite(value)) {
        values.add(new BigDecimal(value));
      }
    }
  }

  static List<Oracle> all() {
    return List.of(
        new Oracle(DType.F16, 5, 10, true),
        new Oracle(DType.BF16, 8, 7, true),
        new Oracle(DType.F8_E4M3, 4, 3, false),
        new Oracle(DType.F8_E5M2, 5, 2, true));
  }

  int codes() {
    return 1 << (1 + exponentBits + mantissaBits);
  }

  /// How many values are finite and not negative; their codes are 0 to this, exclusive.
  int finite() {
    return values.size();
  }

  int sign() {
    return codes() / 2;
  }

  /// (-1)^s · 2^(e - bias) · 1.m, without the 1 and one exponent higher where e is 0.
  double value(int code) {
    int exponent = code >> mantissaBits & ((1 << exponentBits) - 1);
    int mantissa = code & ((1 << mantissaBits) - 1);
    int bias = (1 << (exponentBits - 1)) - 1;
    double one = 1 << mantissaBits;
    double size = exponent == 0 ? mantissa / one : 1 + mantissa / one;
    double value = size * Math.pow(2, Math.max(exponent, 1) - bias);
    if (exponent == (1 << exponentBits) - 1) {
      if (infinities) {
        value = mantissa == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
      } else if (mantissa == (1 << mantissaBits) - 1) {
        value = Double.NaN;
      }
    }
    return code >= sign() ? -value : value;
  }

  double stepAboveOne() {
    return Math.pow(2, -mantissaBits);
  }

  /// The value half way between the finite codes `code` and `code + 1`; after the last one, half
  /// way to where the next would be.
  double midpoint(int code) {
    BigDecimal here = values.get(code);
    BigDecimal step =
        code + 1 < finite()
            ? values.get(code + 1).subtract(here)
            : here.subtract(values.get(code - 1));
    return here.add(step.divide(BigDecimal.TWO)).doubleValue();
  }

  /// What the nearest value is, or an infinity where the format has one, or NaN.
  double nearest(double x) {
    double size = Math.abs(x);
    if (Double.isNaN(x) || Double.isInfinite(x)) {
      return infinities ? x : Double.NaN;
    }
    BigDecimal exact = new BigDecimal(size);
    if (exact.compareTo(new BigDecimal(midpoint(finite() - 1))) > 0
        || (size == midpoint(finite() - 1) && finite() % 2 == 0)) {
      return infinities ? Math.copySign(Double.POSITIVE_INFINITY, x) : Double.NaN;
    }
    int low = 0;
    int high = finite();
    while (high - low > 1) {
      int middle = (low + high) / 2;
      if (values.get(middle).compareTo(exact) <= 0) {
        low = middle;
      } else {
        high = middle;
      }
    }
    int chosen = low;
    if (low + 1 < finite()) {
      BigDecimal below = exact.subtract(values.get(low));
      BigDecimal above = values.get(low + 1).subtract(exact);
      int order = below.compareTo(above);
      chosen = order < 0 || (order == 0 && low % 2 == 0) ? low : low + 1;
    }
    return Math.copySign(values.get(chosen).doubleValue(), x);
  }

  @Override
  public String toString() {
    return dtype.toString();
  }
}
