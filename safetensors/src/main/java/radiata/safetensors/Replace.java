package radiata.safetensors;

/// What happens to an output that exists already.
public enum Replace {
  /// Nothing is written; the error says what is in the way.
  REFUSE,
  /// It is replaced at once when the new output is complete; of a symbolic link, what it points to.
  FORCE
}
