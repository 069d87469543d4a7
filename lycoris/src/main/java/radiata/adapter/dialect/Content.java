package radiata.adapter.dialect;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import radiata.names.Rows;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.convert.Widen;

/// Where the numbers of a converted tensor come from. Nothing is read before [#read].
public sealed interface Content {
  DType dtype();

  Shape shape();

  /// The bytes, in C order.
  MemorySegment read(SegmentAllocator memory) throws IOException;

  /// A tensor of the file, under this shape.
  record Stored(TensorFile file, TensorInfo tensor, Shape shape) implements Content {
    public static Stored of(TensorFile file, TensorInfo tensor) {
      return new Stored(file, tensor, tensor.shape());
    }

    @Override
    public DType dtype() {
      return tensor.dtype();
    }

    @Override
    public MemorySegment read(SegmentAllocator memory) throws IOException {
      MemorySegment bytes = memory.allocate(tensor.bytes(), Double.BYTES);
      file.read(tensor, 0, bytes);
      return bytes;
    }
  }

  /// One number.
  record Scalar(double value, DType dtype, Shape shape) implements Content {
    /// A number as most tools write alpha: F32 if that holds it, else F64.
    public static Scalar alpha(double value) {
      return new Scalar(value, (float) value == value ? DType.F32 : DType.F64, Shape.SCALAR);
    }

    @Override
    public MemorySegment read(SegmentAllocator memory) {
      MemorySegment bytes = memory.allocate(dtype.bytes(), Double.BYTES);
      Narrow.fromDoubles(MemorySegment.ofArray(new double[] {value}), 0, dtype, bytes, 0, 1);
      return bytes;
    }
  }

  /// Whole numbers.
  record Whole(List<Long> values) implements Content {
    /// A shape as ComfyUI stores it in `reshape_weight`.
    public static Whole shape(Shape shape) {
      return new Whole(Arrays.stream(shape.dims()).boxed().toList());
    }

    @Override
    public DType dtype() {
      return DType.I64;
    }

    @Override
    public Shape shape() {
      return Shape.of(values.size());
    }

    @Override
    public MemorySegment read(SegmentAllocator memory) {
      return memory.allocateFrom(
          ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN),
          values.stream().mapToLong(Long::longValue).toArray());
    }
  }

  /// Some rows of another, one run after the other.
  record Picked(Content of, List<Rows> runs) implements Content {
    @Override
    public DType dtype() {
      return of.dtype();
    }

    @Override
    public Shape shape() {
      long[] dims = of.shape().dims();
      dims[0] = runs.stream().mapToLong(Rows::count).sum();
      return Shape.of(dims);
    }

    @Override
    public MemorySegment read(SegmentAllocator memory) throws IOException {
      MemorySegment all = of.read(memory);
      long row = of.shape().dim(0) == 0 ? 0 : all.byteSize() / of.shape().dim(0);
      MemorySegment bytes = memory.allocate(row * shape().dim(0), Double.BYTES);
      long at = 0;
      for (Rows run : runs) {
        MemorySegment.copy(all, run.start() * row, bytes, at, run.count() * row);
        at += run.count() * row;
      }
      return bytes;
    }
  }

  /// Some columns of a matrix, under a shape of as many elements.
  record Columns(Content of, long start, Shape shape) implements Content {
    @Override
    public DType dtype() {
      return of.dtype();
    }

    @Override
    public MemorySegment read(SegmentAllocator memory) throws IOException {
      MemorySegment all = of.read(memory);
      int width = dtype().bytes();
      long from = of.shape().matrix().dim(1);
      Shape to = shape.matrix();
      MemorySegment bytes = memory.allocate(shape.elements() * width, Double.BYTES);
      for (long row = 0; row < to.dim(0); row++) {
        MemorySegment.copy(
            all, (row * from + start) * width, bytes, row * to.dim(1) * width, to.dim(1) * width);
      }
      return bytes;
    }
  }

  /// Several under each other: their rows, in order.
  record Stacked(List<Content> parts) implements Content {
    @Override
    public DType dtype() {
      return parts.getFirst().dtype();
    }

    @Override
    public Shape shape() {
      long[] dims = parts.getFirst().shape().dims();
      dims[0] = parts.stream().mapToLong(part -> part.shape().dim(0)).sum();
      return Shape.of(dims);
    }

    @Override
    public MemorySegment read(SegmentAllocator memory) throws IOException {
      MemorySegment bytes = memory.allocate(shape().elements() * dtype().bytes(), Double.BYTES);
      long at = 0;
      for (Content part : parts) {
        MemorySegment one = part.read(memory);
        MemorySegment.copy(one, 0, bytes, at, one.byteSize());
        at += one.byteSize();
      }
      return bytes;
    }
  }

  /// Matrices along the diagonal of a larger one that is 0 elsewhere. A block may have no columns:
  /// its rows are 0.
  record Diagonal(List<Content> blocks, Shape shape) implements Content {
    @Override
    public DType dtype() {
      return blocks.getFirst().dtype();
    }

    @Override
    public MemorySegment read(SegmentAllocator memory) throws IOException {
      int width = dtype().bytes();
      long columns = shape.matrix().dim(1);
      MemorySegment bytes = memory.allocate(shape.elements() * width, Double.BYTES).fill((byte) 0);
      long row = 0;
      long column = 0;
      for (Content block : blocks) {
        MemorySegment one = block.read(memory);
        Shape of = block.shape().matrix();
        for (long i = 0; i < of.dim(0); i++) {
          MemorySegment.copy(
              one,
              i * of.dim(1) * width,
              bytes,
              ((row + i) * columns + column) * width,
              of.dim(1) * width);
        }
        row += of.dim(0);
        column += of.dim(1);
      }
      return bytes;
    }
  }

  /// Numbers that were worked out, as bytes in C order.
  record Computed(MemorySegment bytes, DType dtype, Shape shape) implements Content {
    /// Doubles, rounded once to `dtype`.
    public static Computed of(double[] values, DType dtype, Shape shape) {
      MemorySegment bytes = MemorySegment.ofArray(new byte[values.length * dtype.bytes()]);
      Narrow.fromDoubles(values, 0, values.length, dtype, bytes, 0);
      return new Computed(bytes, dtype, shape);
    }

    @Override
    public MemorySegment read(SegmentAllocator memory) {
      return memory.allocate(bytes.byteSize(), Double.BYTES).copyFrom(bytes);
    }
  }

  /// Zeros.
  record Zeros(DType dtype, Shape shape) implements Content {
    @Override
    public MemorySegment read(SegmentAllocator memory) {
      return memory.allocate(shape.elements() * dtype.bytes(), Double.BYTES).fill((byte) 0);
    }
  }

  /// Another, every number times a factor, rounded once to this dtype.
  record Scaled(Content of, double factor, DType dtype) implements Content {
    @Override
    public Shape shape() {
      return of.shape();
    }

    @Override
    public MemorySegment read(SegmentAllocator memory) throws IOException {
      long count = shape().elements();
      MemorySegment bytes = of.read(memory);
      MemorySegment numbers = memory.allocate(Math.max(1, count) * Double.BYTES, Double.BYTES);
      Widen.toDoubles(bytes, 0, of.dtype(), numbers, 0, count);
      for (long i = 0; i < count; i++) {
        double value = numbers.getAtIndex(JAVA_DOUBLE, i);
        double scaled = factor * value;
        if (Double.isFinite(value) && !Double.isFinite(Narrow.round(scaled, dtype))) {
          throw new Unwritable(
              "holds %s at element %d, beyond what %s can hold; --dtype bf16 or fp32 can"
                  .formatted(scaled, i, dtype));
        }
        numbers.setAtIndex(JAVA_DOUBLE, i, scaled);
      }
      MemorySegment out = memory.allocate(Math.max(1, count * dtype.bytes()), Double.BYTES);
      Narrow.fromDoubles(numbers, 0, dtype, out, 0, count);
      return out.asSlice(0, count * dtype.bytes());
    }
  }

  /// Another under a shape of as many elements.
  record Shaped(Content of, Shape shape) implements Content {
    @Override
    public DType dtype() {
      return of.dtype();
    }

    @Override
    public MemorySegment read(SegmentAllocator memory) throws IOException {
      return of.read(memory);
    }
  }
}
