package radiata.adapter.file;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Widen;

/// Tensors of one number: the only data that opening an adapter reads.
final class Scalars {
  private Scalars() {}

  /// An alpha of shape `[]` or `[1]`, of any type of number.
  ///
  /// @throws AdapterException if it is more than one number, or not a finite one
  static double alpha(TensorFile file, TensorInfo tensor) throws IOException {
    return finite(file, tensor, "the scale alpha/rank");
  }

  /// One finite number of shape `[]` or `[1]`.
  ///
  /// @param what needs it
  /// @throws AdapterException if it is another
  static double finite(TensorFile file, TensorInfo tensor, String what) throws IOException {
    double value = number(file, tensor);
    if (!Double.isFinite(value)) {
      throw new AdapterException(
          file.path(),
          tensor.name(),
          "%s is %s: %s needs a finite number (a %s holds none this large; set it again)"
              .formatted(tensor.name(), value, what, tensor.dtype()));
    }
    return value;
  }

  /// One number, of any value and type.
  static double number(TensorFile file, TensorInfo tensor) throws IOException {
    if (tensor.shape().elements() != 1 || tensor.bytes() > Long.BYTES) {
      throw new AdapterException(
          file.path(),
          tensor.name(),
          "%s is %s %s, one number of shape [] or [1] was expected"
              .formatted(tensor.name(), tensor.dtype(), tensor.shape()));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(tensor.bytes());
      file.read(tensor, 0, bytes);
      return Widen.scalar(bytes, tensor.dtype());
    } catch (IllegalArgumentException e) {
      throw new AdapterException(
          file.path(),
          tensor.name(),
          "%s is of type %s, which is not one number".formatted(tensor.name(), tensor.dtype()));
    }
  }
}
