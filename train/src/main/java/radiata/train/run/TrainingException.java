package radiata.train.run;

/// A run that cannot go on; the message is one line and says what to do.
public final class TrainingException extends RuntimeException {
  public TrainingException(String what) {
    super(what);
  }
}
