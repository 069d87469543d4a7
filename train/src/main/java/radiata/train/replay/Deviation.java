package radiata.train.replay;

/// How far a number of a replayed run lies from the recorded one.
///
/// @param what was compared
/// @param found the largest deviation
/// @param allowed the tolerance of the record
public record Deviation(String what, double found, double allowed) {
  public boolean holds() {
    return found <= allowed;
  }
}
