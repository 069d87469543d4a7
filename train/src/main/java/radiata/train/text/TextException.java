package radiata.train.text;

/// A tokenizer that cannot be used; the message is one line.
public final class TextException extends RuntimeException {
  public TextException(String what) {
    super(what);
  }

  public TextException(String what, Throwable cause) {
    super(what, cause);
  }
}
