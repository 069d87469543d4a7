package radiata.bake;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import radiata.adapter.Adapter;
import radiata.adapter.file.AdapterFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Widen;
import radiata.tensor.DoubleTensor;
import radiata.tensor.Doubles;

/// Brings the tensors of an adapter module into memory as doubles, and looks for NaN and infinities
/// on the way.
final class AdapterTensors {
  private AdapterTensors() {}

  /// @throws BakeException if a value is NaN or infinite
  static Adapter<DoubleTensor> load(Applied applied, Doubles on) throws IOException {
    try {
      return applied.adapter().map(info -> load(applied.file(), info, on));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /// Places in a sparse remainder are whole numbers.
  private static void integers(MemorySegment bytes, TensorInfo info, DoubleTensor into) {
    long width = info.dtype().bytes();
    for (long i = 0; i < info.shape().elements(); i++) {
      double value = Widen.scalar(bytes.asSlice(i * width, width), info.dtype());
      into.data().setAtIndex(JAVA_DOUBLE, i, value);
    }
  }

  private static DoubleTensor load(AdapterFile from, TensorInfo info, Doubles on) {
    DoubleTensor tensor = on.empty(info.shape());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(Math.max(1, info.bytes())).asSlice(0, info.bytes());
      from.file().read(info, 0, bytes);
      if (info.dtype().computable()) {
        Widen.toDoubles(bytes, 0, info.dtype(), tensor.data(), 0, info.shape().elements());
      } else {
        integers(bytes, info, tensor);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    long bad = tensor.firstNonFinite();
    if (bad >= 0) {
      throw new BakeException(
          from.path(),
          info.name(),
          "tensor %s holds %s at element %d; a bake of it would be noise"
              .formatted(info.name(), tensor.at(bad), bad));
    }
    return tensor;
  }
}
