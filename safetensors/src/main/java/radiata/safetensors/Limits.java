package radiata.safetensors;

/// Caps on what a file may ask for before it is refused.
///
/// @param headerBytes the longest header read; the reference allows 100,000,000
/// @param tensors the most tensors in one file, and the most entries of its metadata
public record Limits(long headerBytes, int tensors) {
  public static final Limits DEFAULT = new Limits(100_000_000, 500_000);

  /// Checks the caps.
  ///
  /// @throws IllegalArgumentException if a cap is negative, or the header could not be held in one
  ///   array
  public Limits {
    if (headerBytes < 0 || headerBytes > Integer.MAX_VALUE - 64 || tensors < 0) {
      throw new IllegalArgumentException("no such limits: " + headerBytes + ", " + tensors);
    }
  }
}
