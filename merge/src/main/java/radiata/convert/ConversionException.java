package radiata.convert;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A conversion that is refused, before anything stands under the output's name.
public final class ConversionException extends RuntimeException {
  private final Path file;
  private final @Nullable String tensor;

  public ConversionException(Path file, @Nullable String tensor, String what) {
    super(what);
    this.file = file;
    this.tensor = tensor;
  }

  /// The file at fault: the input or the output.
  public Path file() {
    return file;
  }

  public @Nullable String tensor() {
    return tensor;
  }
}
