package radiata.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// An open file of named tensors, whatever its container. Nothing but its header has been read; the
/// bytes of a tensor are read when asked for. Safe for use by several threads; whoever opens it
/// closes it.
public interface TensorFile extends AutoCloseable {
  Path path();

  /// All tensors, in the order of their bytes in the file.
  List<TensorInfo> tensors();

  Optional<TensorInfo> tensor(String name);

  Map<String, String> metadata();

  /// Fills `into` with the bytes of `tensor` from its byte `offset` on, little-endian, C order.
  ///
  /// @throws SafetensorsException if the file has become shorter than its header promised
  void read(TensorInfo tensor, long offset, MemorySegment into) throws IOException;

  @Override
  void close() throws IOException;
}
