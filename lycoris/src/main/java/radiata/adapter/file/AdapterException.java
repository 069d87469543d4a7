package radiata.adapter.file;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// An adapter file that cannot be used: what it is instead, or which tensor is wrong and how.
public final class AdapterException extends RuntimeException {
  private final Path file;
  private final @Nullable String tensor;

  public AdapterException(Path file, @Nullable String tensor, String what) {
    super(what);
    this.file = file;
    this.tensor = tensor;
  }

  public Path file() {
    return file;
  }

  public @Nullable String tensor() {
    return tensor;
  }
}
