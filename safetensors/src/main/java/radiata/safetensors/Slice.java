package radiata.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import radiata.safetensors.SafetensorsException.Kind;

/// A block of a tensor, cut by one [Range] for each dimension, that is read without the rest. A
/// slice is many runs of bytes of one length; runs closer than 64 KiB are fetched together, as
/// reading over a small gap is faster than asking twice.
public final class Slice {
  private static final long GAP = 64 << 10;
  private static final long SPAN = 8 << 20;
  private static final int RUNS = 8192;

  private final TensorFile file;
  private final TensorInfo tensor;
  private final Shape shape;

  /// Bytes of one run.
  private final long run;

  private final long bytes;

  /// Where the first run starts, and for each looped dimension how many steps of how many bytes.
  private final long first;

  private final long[] counts;
  private final long[] strides;

  private Slice(TensorFile file, TensorInfo tensor, Range[] ranges) {
    this.file = file;
    this.tensor = tensor;
    int rank = tensor.shape().rank();
    long[] sizes = tensor.shape().dims();
    long[] taken = new long[rank];
    for (int axis = 0; axis < rank; axis++) {
      taken[axis] = ranges[axis].count(sizes[axis]);
    }
    this.shape = Shape.of(taken);
    if (shape.elements() == 0) {
      this.run = 0;
      this.bytes = 0;
      this.first = 0;
      this.counts = taken;
      this.strides = new long[rank];
      return;
    }
    int split = rank;
    long inner = 1;
    while (split > 0 && taken[split - 1] == sizes[split - 1]) {
      inner *= sizes[--split];
    }
    long elements = inner;
    int loops = split;
    if (split > 0 && ranges[split - 1].step() == 1) {
      elements *= taken[split - 1];
      loops--;
    }
    this.counts = Arrays.copyOf(taken, loops);
    this.strides = new long[loops];
    long start = 0;
    long stride = inner;
    for (int axis = split - 1; axis >= 0; axis--) {
      start += ranges[axis].first(sizes[axis]) * stride;
      if (axis < loops) {
        strides[axis] = toBytes(ranges[axis].step() * stride);
      }
      stride *= sizes[axis];
    }
    this.first = toBytes(start);
    this.run = toBytes(elements);
    this.bytes = toBytes(shape.elements());
  }

  /// The slice of `tensor` that `ranges` cut out of its first dimensions; the others are whole.
  ///
  /// @throws IllegalArgumentException if there are more ranges than dimensions
  /// @throws SafetensorsException if the elements are smaller than a byte and the slice would start
  ///   or end inside one
  public static Slice of(TensorFile file, TensorInfo tensor, Range... ranges) {
    int rank = tensor.shape().rank();
    if (ranges.length > rank) {
      throw new IllegalArgumentException(
          ranges.length + " ranges for " + Quoted.of(tensor.name()) + " " + tensor.shape());
    }
    Range[] all = Arrays.copyOf(ranges, rank);
    Arrays.fill(all, ranges.length, rank, Range.ALL);
    return new Slice(file, tensor, all);
  }

  /// The shape of the slice: every dimension stays, also those of which one index is taken.
  public Shape shape() {
    return shape;
  }

  public long bytes() {
    return bytes;
  }

  /// Fills `into` with the slice, little-endian, C order.
  ///
  /// @throws IllegalArgumentException if `into` is not exactly [#bytes] long
  public void read(MemorySegment into) throws IOException {
    if (into.byteSize() != bytes) {
      throw new IllegalArgumentException(into.byteSize() + " bytes for a slice of " + bytes);
    }
    if (bytes == 0) {
      return;
    }
    long[] starts = new long[RUNS];
    long[] index = new long[counts.length];
    int pending = 0;
    long written = 0;
    long at = first;
    boolean more = true;
    while (more) {
      boolean near =
          pending > 0
              && at - (starts[pending - 1] + run) < GAP
              && at + run - starts[0] <= SPAN
              && pending < RUNS;
      if (pending > 0 && !near) {
        written += fetch(starts, pending, into, written);
        pending = 0;
      }
      starts[pending++] = at;
      more = false;
      for (int axis = counts.length - 1; axis >= 0 && !more; axis--) {
        at += strides[axis];
        more = ++index[axis] < counts[axis];
        if (!more) {
          at -= counts[axis] * strides[axis];
          index[axis] = 0;
        }
      }
    }
    fetch(starts, pending, into, written);
  }

  /// Reads the span of `pending` runs at once and moves each to its place.
  private long fetch(long[] starts, int pending, MemorySegment into, long written)
      throws IOException {
    if (pending == 1) {
      file.read(tensor, starts[0], into.asSlice(written, run));
      return run;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment span = arena.allocate(starts[pending - 1] + run - starts[0]);
      file.read(tensor, starts[0], span);
      for (int i = 0; i < pending; i++) {
        MemorySegment.copy(span, starts[i] - starts[0], into, written + i * run, run);
      }
    }
    return pending * run;
  }

  private long toBytes(long elements) {
    long bits = elements * tensor.dtype().bits();
    if ((bits & 7) != 0) {
      throw new SafetensorsException(
          Kind.MISALIGNED_SLICE,
          file.path(),
          tensor.name(),
          "tensor %s: a slice of %s %s that starts or ends inside a byte"
              .formatted(Quoted.of(tensor.name()), tensor.dtype(), tensor.shape()));
    }
    return bits / 8;
  }
}
