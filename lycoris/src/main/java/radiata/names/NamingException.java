package radiata.names;

/// A name that no dialect gives: a prefix that stands twice, a suffix glued to the module.
public final class NamingException extends RuntimeException {
  public NamingException(String what) {
    super(what);
  }
}
