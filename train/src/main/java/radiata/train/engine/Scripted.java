package radiata.train.engine;

import ai.djl.pytorch.jni.Libtorch;
import java.util.Collection;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.DType;

/// Calls of the operations in [Scripts]. Their arguments are wrapped for one call and freed after
/// it.
final class Scripted {
  private static final class Module {
    static final long HANDLE = Libtorch.module(Scripts.archive(), Device.CPU.code());
  }

  private Scripted() {}

  static long[] handles(Collection<Tensor> tensors) {
    return tensors.stream().mapToLong(Tensor::handle).toArray();
  }

  /// Runs a method and owns its result.
  static Tensor run(String method, long... values) {
    return Scope.own(new Tensor(raw(method, values), null));
  }

  /// @param values freed here, whatever happens
  private static long raw(String method, long... values) {
    try {
      long result = Libtorch.run(Module.HANDLE, method, values);
      try {
        return Libtorch.tensor(result);
      } finally {
        Libtorch.deleteValue(result);
      }
    } finally {
      for (long value : values) {
        Libtorch.deleteValue(value);
      }
    }
  }

  static long value(Tensor tensor) {
    return Libtorch.tensorValue(tensor.handle());
  }

  static long values(Collection<Tensor> tensors) {
    return Libtorch.tensorListValue(handles(tensors));
  }

  /// Copies elements into a tensor's memory, unseen by any graph.
  static void copyInto(long target, long source) {
    try (Gradients.Pause _ = Gradients.pause()) {
      Libtorch.delete(raw("copy_into", Libtorch.tensorValue(target), Libtorch.tensorValue(source)));
    }
  }

  static Tensor reinterpreted(Tensor tensor, DType dtype, @Nullable Object memory) {
    long handle = raw("reinterpret", value(tensor), Libtorch.value(DTypes.scalarType(dtype)));
    return Scope.own(new Tensor(handle, memory));
  }
}
