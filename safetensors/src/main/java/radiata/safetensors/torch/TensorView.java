package radiata.safetensors.torch;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;

/// A tensor over its storage: gives the bytes in C order, little-endian, whatever the strides.
/// Offset, sizes and strides have been checked against the storage. Safe for use by several
/// threads.
final class TensorView {
  private final StorageData data;
  private final long start;
  private final long span;
  private final int element;
  private final int swapped;
  private final long[] sizes;
  private final long[] strides;
  private final boolean contiguous;
  private final Arena arena;
  private volatile @Nullable MemorySegment mapped;

  /// @param start the byte of the storage that the first element starts at
  /// @param span how many bytes there are from the first to the last element that is used
  /// @param element bytes of one
  /// @param swapped how many bytes change places, 1 for none
  /// @param strides in elements
  /// @param arena what maps of strided tensors live in
  TensorView(
      StorageData data,
      long start,
      long span,
      int element,
      int swapped,
      long[] sizes,
      long[] strides,
      Arena arena) {
    this.data = data;
    this.start = start;
    this.span = span;
    this.element = element;
    this.swapped = swapped;
    this.sizes = sizes;
    this.strides = strides;
    this.contiguous = contiguous(sizes, strides);
    this.arena = arena;
  }

  private static boolean contiguous(long[] sizes, long[] strides) {
    long expected = 1;
    for (int axis = sizes.length - 1; axis >= 0; axis--) {
      if (sizes[axis] != 1 && strides[axis] != expected) {
        return false;
      }
      expected *= sizes[axis];
    }
    return true;
  }

  /// Where the bytes of the tensor lie in the file, if they lie there as they are given.
  OptionalLong position() {
    return contiguous && swapped == 1 && data instanceof StorageData.Plain plain
        ? OptionalLong.of(plain.position() + start)
        : OptionalLong.empty();
  }

  /// Fills `into` with the bytes of the tensor from its byte `offset` on.
  void read(long offset, MemorySegment into) throws IOException {
    if (contiguous && swapped == 1) {
      data.read(start + offset, into);
      return;
    }
    long first = offset / element;
    long last = Math.ceilDiv(offset + into.byteSize(), element);
    boolean whole = offset % element == 0 && into.byteSize() % element == 0;
    if (whole) {
      elements(first, last, into);
      return;
    }
    try (Arena own = Arena.ofConfined()) {
      MemorySegment around = own.allocate((last - first) * element);
      elements(first, last, around);
      MemorySegment.copy(around, offset - first * element, into, 0, into.byteSize());
    }
  }

  private void elements(long first, long last, MemorySegment into) throws IOException {
    if (contiguous) {
      data.read(start + first * element, into);
    } else {
      gather(memory(), first, last, into);
    }
    for (long at = 0; swapped > 1 && at < into.byteSize(); at += swapped) {
      Elements.reverse(into, at, swapped);
    }
  }

  private MemorySegment memory() throws IOException {
    MemorySegment found = mapped;
    if (found == null) {
      synchronized (this) {
        found = mapped;
        if (found == null) {
          found = data.map(start, span, arena);
          mapped = found;
        }
      }
    }
    return found;
  }

  /// Collects elements `first` to `last` of the tensor, counting in C order.
  private void gather(MemorySegment from, long first, long last, MemorySegment into) {
    int rank = sizes.length;
    long[] index = new long[rank];
    long rest = first;
    long at = 0;
    for (int axis = rank - 1; axis >= 0; axis--) {
      index[axis] = rest % sizes[axis];
      rest /= sizes[axis];
      at += index[axis] * strides[axis];
    }
    try {
      for (long i = 0; i < last - first; i++) {
        Elements.copy(from, at * element, into, i * element, element);
        for (int axis = rank - 1; axis >= 0; axis--) {
          at += strides[axis];
          if (++index[axis] < sizes[axis]) {
            break;
          }
          at -= index[axis] * strides[axis];
          index[axis] = 0;
        }
      }
    } catch (InternalError e) {
      throw changed(e);
    }
  }

  /// Touching a page of a mapped file that is no longer there is an error of the machine.
  private SafetensorsException changed(InternalError e) {
    if (!(data instanceof StorageData.Plain plain)) {
      throw e;
    }
    return new SafetensorsException(
        Kind.CHANGED, plain.file().path(), null, "the file was cut short while it was open");
  }
}
