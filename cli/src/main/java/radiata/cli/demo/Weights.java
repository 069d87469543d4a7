package radiata.cli.demo;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Widen;

/// Tensors of a small model as floats, each checked for the shape it must have.
final class Weights {
  private final Checkpoint model;

  Weights(Checkpoint model) {
    this.model = model;
  }

  /// @throws SafetensorsException if there is no such tensor, or it has another shape
  float[] read(String name, long... dims) throws IOException {
    Shape shape = Shape.of(dims);
    Checkpoint.Stored stored =
        model
            .tensor("", name)
            .orElseThrow(
                () -> error(name, "missing; a tensor of shape " + shape + " was expected"));
    if (!stored.info().shape().equals(shape)) {
      throw error(name, "shape %s, expected %s".formatted(stored.info().shape(), shape));
    }
    return floats(stored.part().file(), stored.info());
  }

  private SafetensorsException error(String tensor, String what) {
    return new SafetensorsException(
        Kind.TENSOR_INVALID_INFO, model.path(), tensor, "tensor " + tensor + ": " + what);
  }

  /// All elements of a tensor of at most 2^31 bytes.
  static float[] floats(TensorFile file, TensorInfo tensor) throws IOException {
    byte[] bytes = new byte[Math.toIntExact(tensor.bytes())];
    file.read(tensor, 0, MemorySegment.ofArray(bytes));
    float[] values = new float[Math.toIntExact(tensor.shape().elements())];
    Widen.toFloats(MemorySegment.ofArray(bytes), 0, tensor.dtype(), values, 0, values.length);
    return values;
  }
}
