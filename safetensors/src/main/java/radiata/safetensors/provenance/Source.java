package radiata.safetensors.provenance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import radiata.safetensors.Hashes;
import radiata.safetensors.TensorFile;

/// One file that was read.
///
/// @param bytes its length
/// @param header [Hashes#header]: names a large file without reading it
/// @param sha256 of the whole file
public record Source(long bytes, Optional<String> header, Optional<String> sha256) {
  private static final String UNKNOWN = "0".repeat(64);

  /// A large file, by its header and length.
  public static Source byHeader(TensorFile file) throws IOException {
    return new Source(Files.size(file.path()), Optional.of(Hashes.header(file)), Optional.empty());
  }

  /// A file whose sha256 will be filled in.
  public static Source byContent(Path file) throws IOException {
    return new Source(Files.size(file), Optional.empty(), Optional.of(UNKNOWN));
  }

  /// The same with room for the sha256 of the whole file.
  public Source withRoom() {
    return new Source(bytes, header, Optional.of(UNKNOWN));
  }

  /// Whether room for the sha256 is still empty.
  public boolean wanting() {
    return sha256.filter(UNKNOWN::equals).isPresent();
  }

  /// The same with the sha256 of the whole file.
  public Source with(String hash) {
    return new Source(bytes, header, Optional.of(hash));
  }
}
