package radiata.train.replay;

/// How far a value is from its record.
///
/// @param name of the record
/// @param found the largest difference, or what the tolerance is given in
/// @param tolerance the most that is right
public record Deviation(String name, double found, double tolerance) {
  public boolean holds() {
    return found <= tolerance;
  }
}
