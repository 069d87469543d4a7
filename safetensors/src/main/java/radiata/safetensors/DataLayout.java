package radiata.safetensors;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import radiata.safetensors.SafetensorsException.Kind;

/// The rules by which tensors fill the data section: sorted by their bytes they start at 0, leave
/// no hole, share no byte and end with the file (safetensors 0.8.0, `Metadata::validate`).
final class DataLayout {
  private static final Comparator<TensorInfo> BY_BYTES =
      Comparator.comparingLong(TensorInfo::begin)
          .thenComparingLong(TensorInfo::end)
          .thenComparing(TensorInfo::name, Utf8Order::compare);

  private DataLayout() {}

  /// The tensors in the order of their bytes; several of no bytes at one offset go by name.
  ///
  /// @param dataStart where the data section starts in the file, for messages
  static List<TensorInfo> checked(
      Path file, Collection<TensorInfo> tensors, long dataStart, long dataBytes) {
    List<TensorInfo> sorted = new ArrayList<>(tensors);
    sorted.sort(BY_BYTES);
    long at = 0;
    for (TensorInfo tensor : sorted) {
      requirePlace(file, tensor, at, dataStart);
      requireSize(file, tensor);
      at = tensor.end();
    }
    if (at != dataBytes) {
      throw new SafetensorsException(
          Kind.METADATA_INCOMPLETE_BUFFER,
          file,
          null,
          at > dataBytes
              ? "the file is cut short: it has %,d bytes, its header describes %,d; download or copy it again"
                  .formatted(dataStart + dataBytes, dataStart + at)
              : "%,d bytes follow the last tensor, which ends at byte %,d of the file"
                  .formatted(dataBytes - at, dataStart + at));
    }
    return Collections.unmodifiableList(sorted);
  }

  private static void requirePlace(Path file, TensorInfo tensor, long at, long dataStart) {
    String problem;
    if (tensor.end() < tensor.begin()) {
      problem = "ends before it begins";
    } else if (tensor.begin() > at) {
      problem = "leaves a hole of %,d bytes before it".formatted(tensor.begin() - at);
    } else if (tensor.begin() < at) {
      problem = "overlaps the tensor before it by %,d bytes".formatted(at - tensor.begin());
    } else {
      return;
    }
    throw error(
        Kind.INVALID_OFFSET,
        file,
        tensor,
        "data_offsets [%d, %d]: it %s; expected to begin at %d (byte %d of the file)"
            .formatted(tensor.begin(), tensor.end(), problem, at, dataStart + at));
  }

  private static void requireSize(Path file, TensorInfo tensor) {
    long bits = bits(file, tensor);
    if ((bits & 7) != 0) {
      throw error(
          Kind.MISALIGNED_SLICE,
          file,
          tensor,
          "%s %s is %s bits, which is no whole number of bytes"
              .formatted(tensor.dtype(), tensor.shape(), Long.toUnsignedString(bits)));
    }
    if (tensor.bytes() != bits >>> 3) {
      throw error(
          Kind.TENSOR_INVALID_INFO,
          file,
          tensor,
          "%s %s takes %,d bytes, data_offsets [%d, %d] span %,d"
              .formatted(
                  tensor.dtype(),
                  tensor.shape(),
                  bits >>> 3,
                  tensor.begin(),
                  tensor.end(),
                  tensor.bytes()));
    }
  }

  /// The size as the reference computes it: an unsigned product, left to right, that overflows even
  /// where a dimension of 0 still follows.
  private static long bits(Path file, TensorInfo tensor) {
    long product = 1;
    for (int axis = 0; axis < tensor.shape().rank(); axis++) {
      product = multiply(file, tensor, product, tensor.shape().dim(axis));
    }
    return multiply(file, tensor, product, tensor.dtype().bits());
  }

  private static long multiply(Path file, TensorInfo tensor, long a, long b) {
    if (Math.unsignedMultiplyHigh(a, b) != 0) {
      throw error(
          Kind.VALIDATION_OVERFLOW,
          file,
          tensor,
          "the size of %s %s overflows 64 bits".formatted(tensor.dtype(), tensor.shape()));
    }
    return a * b;
  }

  private static SafetensorsException error(Kind kind, Path file, TensorInfo tensor, String what) {
    return new SafetensorsException(
        kind, file, tensor.name(), "tensor " + Quoted.of(tensor.name()) + ": " + what);
  }
}
