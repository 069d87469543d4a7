package radiata.bake;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A bake that is refused or that failed, before anything stands under the output's name.
public final class BakeException extends RuntimeException {
  private final Path file;
  private final @Nullable String tensor;

  public BakeException(Path file, @Nullable String tensor, String what) {
    super(what);
    this.file = file;
    this.tensor = tensor;
  }

  /// The file at fault: an adapter, the base or the output.
  public Path file() {
    return file;
  }

  public @Nullable String tensor() {
    return tensor;
  }
}
