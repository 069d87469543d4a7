package radiata.safetensors;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A file that is not what it claims to be, or that cannot be written. The message holds the file,
/// the tensor and byte offset where there is one, what was found, what was expected, and what to
/// do.
public final class SafetensorsException extends RuntimeException {
  private final Kind kind;
  private final Path file;
  private final @Nullable String tensor;

  public SafetensorsException(Kind kind, Path file, @Nullable String tensor, String what) {
    super(what);
    this.kind = kind;
    this.file = file;
    this.tensor = tensor;
  }

  public Kind kind() {
    return kind;
  }

  public Path file() {
    return file;
  }

  public @Nullable String tensor() {
    return tensor;
  }

  /// The causes that callers and tests tell apart. The first ten carry the names of the reference
  /// implementation (safetensors 0.8.0, `SafeTensorError`).
  public enum Kind {
    HEADER_TOO_SMALL,
    HEADER_TOO_LARGE,
    INVALID_HEADER_LENGTH,
    INVALID_HEADER,
    INVALID_HEADER_DESERIALIZATION,
    INVALID_OFFSET,
    VALIDATION_OVERFLOW,
    MISALIGNED_SLICE,
    TENSOR_INVALID_INFO,
    METADATA_INCOMPLETE_BUFFER,
    /// A name that stands twice, plain or escaped.
    DUPLICATE_NAME,
    /// More tensors, header bytes or metadata bytes than the limits allow.
    LIMIT,
    /// A zip archive that breaks the rules of zip, or contradicts itself.
    BROKEN_ARCHIVE,
    /// A pickle that breaks the rules of pickle, or is not one that torch writes.
    BROKEN_PICKLE,
    /// A pickle that names a class or function which weights do not need.
    FORBIDDEN_GLOBAL,
    /// Something that is known but not read: encrypted, TorchScript, quantised, without names.
    UNSUPPORTED,
    /// Another container: pickle, GGUF, HTML, a Git LFS pointer, ...
    OTHER_FORMAT,
    /// Not a regular file, or missing.
    NOT_A_FILE,
    /// The file changed under us.
    CHANGED,
    /// A shard, index entry or component that is missing, outside the folder or contradictory.
    BROKEN_INDEX,
    /// The output exists, its disk is full, or its folder refuses us.
    CANNOT_WRITE
  }
}
