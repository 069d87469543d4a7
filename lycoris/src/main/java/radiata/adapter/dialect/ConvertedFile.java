package radiata.adapter.dialect;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import radiata.safetensors.Header;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;

/// A converted adapter read as the file that it will be, before it is written.
public final class ConvertedFile implements TensorFile {
  private final Path path;
  private final Converted converted;
  private final Header header;

  /// @param path what messages call it
  public ConvertedFile(Path path, Converted converted) {
    this.path = path;
    this.converted = converted;
    this.header =
        Header.canonical(
            converted.tensors().entrySet().stream()
                .map(each ->
                    new TensorSpec(each.getKey(), each.getValue().dtype(), each.getValue().shape()))
                .toList(),
            converted.metadata());
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public List<TensorInfo> tensors() {
    return header.tensors();
  }

  @Override
  public Optional<TensorInfo> tensor(String name) {
    return header.tensor(name);
  }

  @Override
  public Map<String, String> metadata() {
    return header.metadata();
  }

  @Override
  public void read(TensorInfo tensor, long offset, MemorySegment into) throws IOException {
    Content content = converted.tensors().get(tensor.name());
    if (content == null) {
      throw new IllegalArgumentException(tensor.name());
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = content.read(arena);
      MemorySegment.copy(bytes, offset, into, 0, into.byteSize());
    }
  }

  /// No bytes lie anywhere yet.
  @Override
  public OptionalLong position(TensorInfo tensor) {
    return OptionalLong.empty();
  }

  /// Nothing is held; the file behind it belongs to whoever opened it.
  @Override
  public void close() {}
}
