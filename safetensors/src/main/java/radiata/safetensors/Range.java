package radiata.safetensors;

/// Part of one dimension, `start:stop:step` as in Python: negative numbers count from the end, what
/// lies outside is cut off, and a range may be empty.
///
/// @param stop the first index that is left out
/// @param step from 1 on
public record Range(long start, long stop, long step) {
  /// The whole dimension.
  public static final Range ALL = new Range(0, Long.MAX_VALUE, 1);

  /// Checks the step.
  ///
  /// @throws IllegalArgumentException if the step is not positive
  public Range {
    if (step < 1) {
      throw new IllegalArgumentException("step " + step + ": only steps from 1 on are read");
    }
  }

  /// `start:stop`.
  public static Range of(long start, long stop) {
    return new Range(start, stop, 1);
  }

  /// `start:`.
  public static Range from(long start) {
    return new Range(start, Long.MAX_VALUE, 1);
  }

  /// The first index taken of a dimension of `size`, if any is.
  long first(long size) {
    return clamp(start, size);
  }

  /// How many indices are taken of a dimension of `size`.
  long count(long size) {
    long length = clamp(stop, size) - clamp(start, size);
    return length <= 0 ? 0 : (length - 1) / step + 1;
  }

  private static long clamp(long index, long size) {
    return index < 0 ? Math.max(0, index + size) : Math.min(index, size);
  }
}
