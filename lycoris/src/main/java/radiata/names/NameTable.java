package radiata.names;

import java.util.List;
import java.util.Optional;

/// The modules of one base under every name that dialects give them.
public final class NameTable {
  private NameTable() {}

  /// The table of a base, from the names and shapes of its tensors.
  public static NameTable of(List<BaseTensor> base) {
    throw new UnsupportedOperationException();
  }

  /// The complete table of a family in its own checkpoint layout, from the family's rules alone;
  /// empty for GENERIC.
  public static NameTable of(Family family) {
    throw new UnsupportedOperationException();
  }

  public Family family() {
    throw new UnsupportedOperationException();
  }

  /// The module that an adapter calls `name` (suffix taken off).
  ///
  /// @throws NamingException if the name is broken: the same wrapper twice in a row
  public Optional<Located> find(String name) {
    throw new UnsupportedOperationException();
  }

  /// The known names nearest to one that was not found, best first, at most `most`.
  public List<String> nearest(String name, int most) {
    throw new UnsupportedOperationException();
  }
}
