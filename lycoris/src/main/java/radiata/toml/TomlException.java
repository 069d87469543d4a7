package radiata.toml;

import java.nio.file.Path;

/// A TOML file that does not say what it should. The message is one line and begins with the place
/// in the file.
public final class TomlException extends RuntimeException {
  private final Path file;

  public TomlException(Path file, String what) {
    super(what);
    this.file = file;
  }

  public Path file() {
    return file;
  }

  /// The message alone, for whoever adds it to others.
  public String said() {
    return String.valueOf(getMessage());
  }
}
