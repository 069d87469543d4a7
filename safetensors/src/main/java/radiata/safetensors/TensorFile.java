package radiata.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import radiata.safetensors.torch.TorchFile;

/// An open file of named tensors, whatever its container. Nothing but its header has been read; the
/// bytes of a tensor are read when asked for. Safe for use by several threads; whoever opens it
/// closes it.
public interface TensorFile extends AutoCloseable {
  /// Opens a file of any container that is read: safetensors, or what `torch.save` writes. No
  /// tensor is read.
  ///
  /// @throws SafetensorsException if it is not a regular file, is of another format, breaks a rule
  ///   of its format, or asks for more than `limits`
  static TensorFile open(Path path, Limits limits) throws IOException {
    return switch (Container.detect(path)) {
      case TORCH_ZIP, TORCH_LEGACY -> TorchFile.open(path, limits);
      case SAFETENSORS, TAR, GGUF, HDF5, HTML, LFS_POINTER, JSON, FOLDER, UNKNOWN ->
          SafetensorsFile.open(path, limits);
    };
  }

  Path path();

  /// All tensors, in the order of their bytes in the file.
  List<TensorInfo> tensors();

  Optional<TensorInfo> tensor(String name);

  Map<String, String> metadata();

  /// Fills `into` with the bytes of `tensor` from its byte `offset` on, little-endian, C order.
  ///
  /// @throws SafetensorsException if the file has become shorter than its header promised
  void read(TensorInfo tensor, long offset, MemorySegment into) throws IOException;

  /// Where the bytes of `tensor` lie in the file, if [#read] gives them as they lie there; empty if
  /// they are put together from several places, turned round or compressed.
  OptionalLong position(TensorInfo tensor);

  @Override
  void close() throws IOException;
}
