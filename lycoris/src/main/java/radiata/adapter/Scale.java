package radiata.adapter;

import java.util.OptionalDouble;
import radiata.convention.Profile;

/// The factor alpha/rank in front of a delta.
///
/// @param alpha as stored; empty when the file has none (the scale is then 1 everywhere)
/// @param divisor the rank, or its square root (PEFT `use_rslora`)
public record Scale(OptionalDouble alpha, double divisor) {
  public static Scale none(int rank) {
    return new Scale(OptionalDouble.empty(), rank);
  }

  public double under(Profile as) {
    if (alpha.isEmpty()) {
      return 1;
    }
    if (alpha.getAsDouble() == 0) {
      return as.zeroAlphaMeansRank() ? 1 : 0;
    }
    return alpha.getAsDouble() / divisor;
  }

  /// The factor in front of a product that LyCORIS' merge scales once too often (LoHa, LoKr).
  public double ofProduct(Profile as) {
    double once = under(as);
    return as.scalesProductsTwice() ? once * once : once;
  }
}
