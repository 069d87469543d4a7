package radiata.parity;

/// What a runtime makes of a module, held against the definition. The worse, the later.
public enum Verdict {
  /// The same bits.
  SAME("same"),
  /// Neighbouring numbers of the base's dtype everywhere, or off by less than a thousandth of the
  /// change: nothing that shows.
  ROUNDING("rounding"),
  DIFFERENT("different"),
  /// Left as it is in the base.
  SKIPPED("skipped"),
  /// Not a number.
  BROKEN("broken");

  private static final double SHOWS = 1e-3;

  private final String id;

  Verdict(String id) {
    this.id = id;
  }

  public String id() {
    return id;
  }

  /// @param gap from the definition's weight
  /// @param change what the definition changes
  static Verdict of(Gap gap, Gap change) {
    if (gap.steps() == 0) {
      return SAME;
    }
    return gap.steps() == 1 || gap.of(change) <= SHOWS ? ROUNDING : DIFFERENT;
  }
}
