package radiata.cli.measure;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import radiata.safetensors.DType;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Widen;

/// Room for one block of a tensor, as bytes and as numbers. For one thread.
final class Blocks implements AutoCloseable {
  /// Elements of a block: 2 MiB of doubles.
  static final int ELEMENTS = 1 << 18;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment bytes = arena.allocate((long) ELEMENTS * Double.BYTES, Double.BYTES);
  private final double[] numbers = new double[ELEMENTS];

  /// Whether every element of such a type is one number that can be measured.
  static boolean measurable(DType dtype) {
    return switch (dtype) {
      case F64, F32, F16, BF16, F8_E4M3, F8_E5M2, BOOL, I8, U8, I16, U16, I32, U32, I64, U64 ->
          true;
      case C64, F4, F6_E2M3, F6_E3M2, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ -> false;
    };
  }

  /// The bytes from `offset` on: as many as are left of the tensor, at most [#ELEMENTS].
  MemorySegment bytes(TensorFile file, TensorInfo tensor, long offset) throws IOException {
    MemorySegment block = bytes.asSlice(0, Math.min(ELEMENTS, tensor.bytes() - offset));
    file.read(tensor, offset, block);
    return block;
  }

  /// The elements from `first` on: as many as are left, at most [#ELEMENTS]. The array is this
  /// object's own and holds them until the next call.
  double[] numbers(TensorFile file, TensorInfo tensor, long first, int count) throws IOException {
    int width = tensor.dtype().bytes();
    MemorySegment block = bytes.asSlice(0, (long) count * width);
    file.read(tensor, first * width, block);
    switch (tensor.dtype()) {
      case F64, F32, F16, BF16, F8_E4M3, F8_E5M2 ->
          Widen.toDoubles(block, 0, tensor.dtype(), numbers, 0, count);
      case BOOL, I8, U8, I16, U16, I32, U32, I64, U64 -> {
        for (int i = 0; i < count; i++) {
          numbers[i] = Widen.scalar(block.asSlice((long) i * width, width), tensor.dtype());
        }
      }
      case C64, F4, F6_E2M3, F6_E3M2, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ ->
          throw new IllegalArgumentException(tensor.dtype() + " cannot be measured");
    }
    return numbers;
  }

  static int count(long elements, long first) {
    return (int) Math.min(ELEMENTS, elements - first);
  }

  @Override
  public void close() {
    arena.close();
  }
}
