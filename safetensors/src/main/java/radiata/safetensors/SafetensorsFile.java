package radiata.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One open `.safetensors` file.
public final class SafetensorsFile implements TensorFile {
  private SafetensorsFile() {}

  public static SafetensorsFile open(Path path) throws IOException {
    return open(path, Limits.DEFAULT);
  }

  public static SafetensorsFile open(Path path, Limits limits) throws IOException {
    throw new UnsupportedOperationException();
  }

  @Override
  public Path path() {
    throw new UnsupportedOperationException();
  }

  /// Where the data section starts in the file: `8 + N`.
  public long dataStart() {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<TensorInfo> tensors() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Optional<TensorInfo> tensor(String name) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Map<String, String> metadata() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void read(TensorInfo tensor, long offset, MemorySegment into) throws IOException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() throws IOException {}
}
