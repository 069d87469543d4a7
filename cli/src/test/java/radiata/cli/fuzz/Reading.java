package radiata.cli.fuzz;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// Holds an open file to what [TensorFile] promises.
final class Reading {
  private static final int PIECE = 1 << 10;

  private Reading() {}

  /// Reads the start and the end of every tensor.
  static void require(TensorFile file) throws IOException {
    for (TensorInfo tensor : file.tensors()) {
      if (!file.tensor(tensor.name()).equals(java.util.Optional.of(tensor))) {
        throw new IllegalStateException("a tensor is listed and not found: " + tensor);
      }
      long bits = Math.multiplyExact(tensor.shape().elements(), (long) tensor.dtype().bits());
      if (Math.multiplyExact(8L, tensor.bytes()) != bits) {
        throw new IllegalStateException("a tensor of another size than its shape: " + tensor);
      }
      int length = (int) Math.min(PIECE, tensor.bytes());
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment piece = arena.allocate(Math.max(1, length)).asSlice(0, length);
        file.read(tensor, 0, piece);
        file.read(tensor, tensor.bytes() - length, piece);
      }
    }
  }
}
