package radiata.safetensors.torch;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import radiata.safetensors.DType;
import radiata.safetensors.Quoted;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.torch.Value.Storage;
import radiata.safetensors.torch.Value.Tensor;

/// Holds tensors against their storages, with exact arithmetic, before a byte is read.
final class Placing {
  /// A view of fewer bytes than this may repeat elements; a larger one must be as long as its
  /// storage (a stride of 0 makes 40 GB of a file of 1.5 KB).
  private static final long SMALL = 1 << 20;

  /// All tensors together may be this many times the file, for tied weights.
  private static final long REPEATED = 8;

  private static final long ALLOWED = 64L << 20;

  /// A tensor that has its place.
  record Placed(TensorInfo info, TensorView view) {}

  private final Path path;
  private final Contents contents;
  private final Arena arena;
  private final long most;
  private long total;

  /// @param arena what maps of strided tensors live in
  Placing(Path path, long fileBytes, Contents contents, Arena arena) {
    this.path = path;
    this.contents = contents;
    this.arena = arena;
    this.most = REPEATED * fileBytes + ALLOWED;
  }

  /// @throws SafetensorsException if a tensor reaches out of its storage, has no dtype in a
  ///   safetensors file, or is larger than its data
  Placed place(String name, Tensor tensor) {
    DType dtype = tensor.type().dtype();
    if (dtype == null) {
      throw error(
          Kind.UNSUPPORTED,
          name,
          tensor.type().quantised()
              ? tensor.type().name()
                  + ", a quantised tensor, whose numbers are codes; save the model unquantised"
              : tensor.type().name() + ", which a safetensors file cannot hold; convert it first");
    }
    try {
      return place(name, tensor, dtype);
    } catch (ArithmeticException e) {
      throw error(Kind.VALIDATION_OVERFLOW, name, "sizes, strides and offset overflow 63 bits");
    }
  }

  private Placed place(String name, Tensor tensor, DType dtype) {
    long[] sizes = tensor.sizes();
    long[] strides = tensor.strides();
    int element = tensor.type().bytes();
    boolean empty = false;
    boolean negative = tensor.offset() < 0;
    for (int axis = 0; axis < sizes.length; axis++) {
      negative |= sizes[axis] < 0 || strides[axis] < 0;
      empty |= sizes[axis] == 0;
    }
    if (negative) {
      throw error(Kind.INVALID_OFFSET, name, "a negative size, stride or offset");
    }
    long elements = 1;
    long last = 0;
    for (int axis = 0; axis < sizes.length && !empty; axis++) {
      elements = Math.multiplyExact(elements, sizes[axis]);
      last = Math.addExact(last, Math.multiplyExact(sizes[axis] - 1, strides[axis]));
    }
    long bytes = empty ? 0 : Math.multiplyExact(elements, (long) element);
    long span = empty ? 0 : Math.multiplyExact(Math.addExact(last, 1), (long) element);
    long start = empty ? 0 : Math.multiplyExact(tensor.offset(), (long) element);
    StorageData data = data(name, tensor.storage(), Math.addExact(start, span));
    requireNoBomb(name, bytes, data.bytes());
    long first =
        Math.multiplyExact(tensor.storage().first(), (long) tensor.storage().type().bytes());
    long position = Math.addExact(data.position(), first + start);
    TensorInfo info =
        new TensorInfo(
            name, dtype, shape(name, dtype, sizes), position, Math.addExact(position, bytes));
    int swapped = contents.bigEndian() ? tensor.type().swapped() : 1;
    return new Placed(
        info, new TensorView(data, first + start, span, element, swapped, sizes, strides, arena));
  }

  /// The storage, which must hold what it claims, and that many bytes of it.
  private StorageData data(String name, Storage storage, long wanted) {
    StorageData data = contents.storages().get(storage.key());
    if (data == null) {
      throw error(
          Kind.INVALID_OFFSET,
          name,
          "its storage %s is not in the file".formatted(Quoted.of(storage.key())));
    }
    long width = storage.type().bytes();
    long claimed = Math.multiplyExact(storage.length(), width);
    long end = Math.addExact(claimed, Math.multiplyExact(storage.first(), width));
    if (end > data.bytes()) {
      throw error(
          Kind.INVALID_OFFSET,
          name,
          "its storage %s should be %,d bytes, the file has %,d of it; the file is cut short or damaged"
              .formatted(Quoted.of(storage.key()), end, data.bytes()));
    }
    if (wanted > claimed) {
      throw error(
          Kind.INVALID_OFFSET,
          name,
          "it reaches to byte %,d of storage %s, which has %,d"
              .formatted(wanted, Quoted.of(storage.key()), claimed));
    }
    return data;
  }

  private void requireNoBomb(String name, long bytes, long stored) {
    if (bytes > Math.max(SMALL, stored)) {
      throw error(
          Kind.LIMIT,
          name,
          "%,d bytes made of %,d by repeating them; save it with contiguous()"
              .formatted(bytes, stored));
    }
    total = Math.addExact(total, bytes);
    if (total > most) {
      throw error(
          Kind.LIMIT,
          name,
          "with it the tensors are more than %,d bytes, %d times the file: the same data under many names, or a zip bomb"
              .formatted(most, REPEATED));
    }
  }

  /// The shape as a safetensors file has it: of a type that holds two numbers in a byte, the last
  /// dimension counts both.
  private Shape shape(String name, DType dtype, long[] sizes) {
    if (dtype != DType.F4) {
      return Shape.of(sizes);
    }
    if (sizes.length == 0) {
      throw error(Kind.UNSUPPORTED, name, "two numbers in one byte, without a dimension");
    }
    long[] doubled = sizes.clone();
    doubled[sizes.length - 1] = Math.multiplyExact(2L, sizes[sizes.length - 1]);
    return Shape.of(doubled);
  }

  private SafetensorsException error(Kind kind, String name, String what) {
    return new SafetensorsException(kind, path, name, "tensor " + Quoted.of(name) + ": " + what);
  }
}
