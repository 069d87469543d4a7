package radiata.safetensors;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import radiata.safetensors.SafetensorsException.Kind;

/// A text that lies beside weights: an index or a configuration.
final class SideFile {
  private static final long LONGEST = 25_000_000;

  private SideFile() {}

  /// @throws SafetensorsException if it is missing, not a regular file, longer than 25 MB or not
  ///   UTF-8
  static String read(Path path) throws IOException {
    long size = FileBytes.regular(path).size();
    if (size > LONGEST) {
      throw new SafetensorsException(
          Kind.LIMIT,
          path,
          null,
          "a text of %,d bytes, at most %,d are read".formatted(size, LONGEST));
    }
    try {
      return Files.readString(path);
    } catch (CharacterCodingException e) {
      throw new SafetensorsException(Kind.BROKEN_INDEX, path, null, "not valid UTF-8");
    }
  }
}
