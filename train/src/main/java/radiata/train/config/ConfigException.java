package radiata.train.config;

import java.nio.file.Path;
import java.util.List;

/// A config that cannot be trained by. The message is one line; it holds every mistake, each with
/// its place in the file.
public final class ConfigException extends RuntimeException {
  private final Path file;
  private final List<String> mistakes;

  ConfigException(Path file, List<String> mistakes) {
    super(String.join("; ", mistakes));
    this.file = file;
    this.mistakes = List.copyOf(mistakes);
  }

  public Path file() {
    return file;
  }

  /// One line each, in the order in which they were found.
  public List<String> mistakes() {
    return mistakes;
  }
}
