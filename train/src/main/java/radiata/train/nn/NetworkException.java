package radiata.train.nn;

/// A model that is not the network it is taken for; the message is one line.
public final class NetworkException extends RuntimeException {
  public NetworkException(String what) {
    super(what);
  }
}
