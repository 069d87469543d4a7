package radiata.train.nn;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;

/// Reads tensors of a file into libtorch's own memory.
public record TensorReader(Torch torch, TensorFile file) {
  /// The tensor of a name.
  ///
  /// @throws NetworkException if there is none of that name
  public Tensor read(String name) throws IOException {
    TensorInfo info =
        file.tensor(name)
            .orElseThrow(
                () -> new NetworkException("%s has no tensor %s".formatted(file.path(), name)));
    return read(info);
  }

  public boolean has(String name) {
    return file.tensor(name).isPresent();
  }

  public Tensor read(TensorInfo info) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(Math.max(1, info.bytes()), 64);
      MemorySegment exact = bytes.asSlice(0, info.bytes());
      file.read(info, 0, exact);
      return torch.copy(exact, info.dtype(), info.shape());
    }
  }
}
