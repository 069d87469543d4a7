package radiata.tensor;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import java.lang.foreign.MemorySegment;
import radiata.safetensors.Shape;

/// Doubles off the heap, in C order, alive as long as the arena they came from.
public record DoubleTensor(Shape shape, MemorySegment data) {
  /// @throws IllegalArgumentException if the memory does not hold exactly the shape's elements
  public DoubleTensor {
    if (data.byteSize() != shape.elements() * Double.BYTES) {
      throw new IllegalArgumentException(data.byteSize() + " bytes for doubles of shape " + shape);
    }
  }

  public double at(long index) {
    return data.getAtIndex(JAVA_DOUBLE, index);
  }

  /// A run of the first dimension, sharing this memory.
  public DoubleTensor rows(long start, long count) {
    long row = shape.dim(0) == 0 ? 0 : shape.elements() / shape.dim(0);
    long[] dims = shape.dims();
    dims[0] = count;
    return new DoubleTensor(
        Shape.of(dims), data.asSlice(start * row * Double.BYTES, count * row * Double.BYTES));
  }

  /// The first value that is NaN or infinite, or -1 if there is none.
  public long firstNonFinite() {
    long count = shape.elements();
    for (long i = 0; i < count; i++) {
      if (!Double.isFinite(at(i))) {
        return i;
      }
    }
    return -1;
  }
}
