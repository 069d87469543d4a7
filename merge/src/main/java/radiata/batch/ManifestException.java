package radiata.batch;

import java.nio.file.Path;

/// A manifest that cannot be carried out as it is. The message is one line and begins with the
/// place in the file.
public final class ManifestException extends RuntimeException {
  private final Path file;

  ManifestException(Path file, String what) {
    super(what);
    this.file = file;
  }

  public Path file() {
    return file;
  }
}
