package radiata.train.data;

import java.nio.file.Path;

/// Training data that cannot be used as they are. The message is one line.
public final class DataException extends RuntimeException {
  private final Path file;

  /// @param file the picture, caption or folder at fault
  public DataException(Path file, String what) {
    super(what);
    this.file = file;
  }

  public Path file() {
    return file;
  }
}
