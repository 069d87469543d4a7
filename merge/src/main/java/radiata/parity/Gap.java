package radiata.parity;

/// How far two weights of one dtype are apart.
///
/// @param maxAbs the largest difference of two elements
/// @param squares the sum of the squared differences
/// @param steps the most numbers of the dtype that lie from one element to the other: 1 for
///   neighbours
public record Gap(double maxAbs, double squares, long steps) {
  public static final Gap NONE = new Gap(0, 0, 0);

  /// The gap over the elements of both.
  Gap plus(Gap other) {
    return new Gap(
        Math.max(maxAbs, other.maxAbs), squares + other.squares, Math.max(steps, other.steps));
  }

  /// The Frobenius norm of the difference.
  public double norm() {
    return Math.sqrt(squares);
  }

  /// This gap as a part of a change: 0.1 where a tenth of it is off, infinite where there is none.
  public double of(Gap change) {
    return squares == 0 ? 0 : norm() / change.norm();
  }
}
