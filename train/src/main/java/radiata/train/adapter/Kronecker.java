package radiata.train.adapter;

/// How LoKr splits a dimension (LyCORIS 3.3.0 `functional/general.py` `factorization`).
///
/// @param small of the two whose product is the dimension
public record Kronecker(int small, int large) {
  /// The split that a factor asks for: itself where it divides the dimension; otherwise the largest
  /// divisor up to it whose partner is not smaller, -1 asking for as square as it goes.
  public static Kronecker of(int dimension, int factor) {
    if (factor > 0 && dimension % factor == 0) {
      int other = dimension / factor;
      return new Kronecker(Math.min(factor, other), Math.max(factor, other));
    }
    int limit = factor < 0 ? dimension : factor;
    int small = 1;
    int large = dimension;
    while (small < large) {
      int next = small + 1;
      while (next <= dimension && dimension % next != 0) {
        next++;
      }
      if (next > limit || next > dimension || next > dimension / next) {
        break;
      }
      small = next;
      large = dimension / next;
    }
    return new Kronecker(Math.min(small, large), Math.max(small, large));
  }
}
