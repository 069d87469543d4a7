package radiata.train.engine;

/// libtorch that cannot be used, or that fails; the message is one line.
public final class TorchException extends RuntimeException {
  public TorchException(String what) {
    super(what);
  }

  public TorchException(String what, Throwable cause) {
    super(what, cause);
  }
}
