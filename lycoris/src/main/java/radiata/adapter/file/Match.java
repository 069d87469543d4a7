package radiata.adapter.file;

import java.util.List;
import radiata.safetensors.TensorInfo;

/// What a group of tensors turned out to be.
sealed interface Match {
  /// What can be computed: a module for the weight, one for the bias, or both.
  record Read(List<AdapterModule> modules) implements Match {}

  /// A module of an algorithm that is not computed.
  record Known(Unsupported module) implements Match {}

  /// A module whose tensors do not multiply.
  record Broken(Misfit module) implements Match {}

  /// Known suffixes that make up no algorithm.
  record Unknown(List<TensorInfo> tensors) implements Match {}
}
