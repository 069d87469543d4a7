package radiata.safetensors;

/// Caps on what a file may ask for before it is refused.
///
/// @param headerBytes the longest header read; the reference allows 100,000,000
/// @param tensors the most tensors in one file
public record Limits(long headerBytes, int tensors) {
  public static final Limits DEFAULT = new Limits(100_000_000, 500_000);
}
