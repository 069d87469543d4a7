package radiata.adapter;

import java.util.OptionalDouble;
import radiata.convention.Profile;

/// The factor alpha/rank in front of a delta.
///
/// @param alpha as stored; empty when the file has none (the scale is then 1 everywhere)
/// @param divisor the rank, or its square root (PEFT `use_rslora`)
/// @param explicit a number of the file's own that takes the place of alpha/rank for whoever reads
///   it (web UI 1.10.1 `extensions-builtin/Lora/network.py` `calc_scale`); empty without
public record Scale(OptionalDouble alpha, double divisor, OptionalDouble explicit) {
  public Scale(OptionalDouble alpha, double divisor) {
    this(alpha, divisor, OptionalDouble.empty());
  }

  public static Scale none(int rank) {
    return new Scale(OptionalDouble.empty(), rank);
  }

  /// The same beside an explicit one.
  public Scale with(OptionalDouble other) {
    return new Scale(alpha, divisor, other);
  }

  public double under(Profile as) {
    if (explicit.isPresent() && as.readsScale()) {
      return explicit.getAsDouble();
    }
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
