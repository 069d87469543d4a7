package radiata.parity;

import java.util.List;

/// How far one runtime's weight of a module is from the definition's.
///
/// @param gap of NaN where the runtime's weight is not a number
/// @param because why, where it is more than rounding: what the runtime does, a verb first
public record Departure(Verdict verdict, Gap gap, List<String> because) {
  public Departure {
    because = List.copyOf(because);
  }

  /// One that is not a number.
  static Departure broken(String why) {
    return new Departure(
        Verdict.BROKEN, new Gap(Double.NaN, Double.NaN, Long.MAX_VALUE), List.of(why));
  }

  /// The departure of a module of several parts.
  Departure plus(Departure other) {
    Departure worse = other.verdict.compareTo(verdict) > 0 ? other : this;
    return new Departure(worse.verdict, gap.plus(other.gap), worse.because);
  }
}
