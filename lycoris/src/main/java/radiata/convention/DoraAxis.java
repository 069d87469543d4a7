package radiata.convention;

/// Which vectors of a weight a DoRA magnitude belongs to.
public enum DoraAxis {
  /// One magnitude per output row, the norm runs over everything else: `[out, 1, 1, 1]` (LyCORIS
  /// `wd_on_out=True`, PEFT).
  OUTPUT,
  /// One magnitude per input column, the norm runs over outputs and kernel: `[1, in, 1, 1]`
  /// (LyCORIS `wd_on_out=False`, OneTrainer's default).
  INPUT
}
