package radiata.adapter.dialect;

/// Something that the target dialect cannot express; the message says what, and the way out.
final class Unwritable extends RuntimeException {
  Unwritable(String what) {
    super(what);
  }
}
