package radiata.safetensors.provenance;

import java.util.List;
import java.util.Optional;

/// Whether two lists of inputs are the same files under the same settings, as far as both know.
final class SameInputs {
  private SameInputs() {}

  static boolean test(List<Input> a, List<Input> b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      Input x = a.get(i);
      Input y = b.get(i);
      if (!(x.role().equals(y.role())
          && x.settings().equals(y.settings())
          && files(x.files(), y.files()))) {
        return false;
      }
    }
    return true;
  }

  private static boolean files(List<Source> a, List<Source> b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      if (!file(a.get(i), b.get(i))) {
        return false;
      }
    }
    return true;
  }

  /// Length alone is no evidence: at least one hash has to be known to both.
  private static boolean file(Source a, Source b) {
    return a.bytes() == b.bytes()
        && agree(a.header(), b.header())
        && agree(a.sha256(), b.sha256())
        && (both(a.header(), b.header()) || both(a.sha256(), b.sha256()))
        && !a.wanting()
        && !b.wanting();
  }

  private static boolean both(Optional<String> a, Optional<String> b) {
    return a.isPresent() && b.isPresent();
  }

  private static boolean agree(Optional<String> a, Optional<String> b) {
    return !both(a, b) || a.equals(b);
  }
}
