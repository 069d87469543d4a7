package radiata.convert;

import java.util.List;

/// What a finished conversion did.
///
/// @param overflows the tensors with numbers that their new dtype cannot hold, in the order of the
///   output
public record ConversionReport(List<Overflow> overflows) {
  /// What one tensor lost.
  ///
  /// @param count finite numbers that became infinite, or NaN in F8_E4M3
  public record Overflow(String tensor, long count) {
    /// What the user is told of it.
    public String warning() {
      return "%s: %d numbers are beyond what its new dtype holds".formatted(tensor, count);
    }
  }

  public ConversionReport {
    overflows = List.copyOf(overflows);
  }
}
