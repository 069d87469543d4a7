package radiata.names;

/// A run of rows: of a fused weight, such as the q of an `in_proj_weight`, or of a module that a
/// base stores in several pieces.
public record Rows(long start, long count) {
  /// The row after the last.
  public long end() {
    return start + count;
  }

  /// Whether a row is in both.
  public boolean overlaps(Rows other) {
    return start < other.end() && other.start < end();
  }
}
