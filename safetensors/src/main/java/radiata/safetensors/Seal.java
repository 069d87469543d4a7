package radiata.safetensors;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/// Completes the metadata of an output when its data are known: checksums, hashes. Room for them
/// was kept in the header, by values of the same length.
@FunctionalInterface
public interface Seal {
  /// A file whose data are all there.
  ///
  /// @param path where it lies until it gets its name; its header is the planned one
  /// @param header as planned
  record Written(Path path, Header header, Checksums checksums) {}

  /// The final metadata.
  ///
  /// @param file the place of the file in the plan
  Map<String, String> metadata(int file, Written written) throws IOException;
}
