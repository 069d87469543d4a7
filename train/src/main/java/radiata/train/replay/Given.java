package radiata.train.replay;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.DType;
import radiata.safetensors.TensorInfo;
import radiata.train.engine.Tensor;
import radiata.train.nn.TensorReader;

/// Tensors of a pack by name: what a run was given, or what it gave.
///
/// @param dtype of all that are no whole numbers
record Given(TensorReader reader, DType dtype) {
  boolean has(String name) {
    return reader.has(name);
  }

  /// In the order of the file.
  List<String> names() {
    return reader.file().tensors().stream().map(TensorInfo::name).toList();
  }

  /// A tensor that must be there.
  ///
  /// @throws radiata.train.nn.NetworkException if it is not
  Tensor tensor(String name) {
    try {
      Tensor tensor = reader.read(name);
      return tensor.dtype().computable() ? tensor.cast(dtype) : tensor;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Nullable Tensor find(String name) {
    return has(name) ? tensor(name) : null;
  }
}
