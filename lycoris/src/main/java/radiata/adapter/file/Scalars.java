package radiata.adapter.file;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Widen;
import radiata.tensor.ShapeMismatch;

/// Tensors of one number, and of the few that make a shape: the only data that opening an adapter
/// reads.
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

  /// The most dimensions that a shape in a tensor may have.
  private static final int MOST_DIMENSIONS = 8;

  private static final Set<DType> INTEGERS =
      EnumSet.of(
          DType.U8, DType.I8, DType.U16, DType.I16, DType.U32, DType.I32, DType.U64, DType.I64);

  /// A shape that is stored as a vector of whole numbers.
  ///
  /// @throws ShapeMismatch if it is none
  static Shape shape(TensorFile file, TensorInfo tensor) throws IOException {
    long count = tensor.shape().elements();
    if (tensor.shape().rank() != 1
        || count > MOST_DIMENSIONS
        || !INTEGERS.contains(tensor.dtype())) {
      throw new ShapeMismatch(
          "%s is %s %s, a shape of at most %d whole numbers was expected"
              .formatted(tensor.name(), tensor.dtype(), tensor.shape(), MOST_DIMENSIONS));
    }
    int width = tensor.dtype().bytes();
    long[] dims = new long[(int) count];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(tensor.bytes(), Long.BYTES);
      file.read(tensor, 0, bytes);
      for (int i = 0; i < dims.length; i++) {
        double value = Widen.scalar(bytes.asSlice((long) i * width, width), tensor.dtype());
        if (!(value >= 1 && value <= Integer.MAX_VALUE)) {
          throw new ShapeMismatch(
              "%s says %.0f for dimension %d, which no weight has"
                  .formatted(tensor.name(), value, i));
        }
        dims[i] = (long) value;
      }
    }
    return Shape.of(dims);
  }

  /// One number of a tensor.
  static double element(TensorFile file, TensorInfo tensor, long at) throws IOException {
    int width = tensor.dtype().bytes();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(width, Long.BYTES);
      file.read(tensor, at * width, bytes);
      return Widen.scalar(bytes, tensor.dtype());
    }
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
