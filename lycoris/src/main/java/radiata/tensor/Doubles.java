package radiata.tensor;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import radiata.convention.DoraAxis;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.convert.Narrow;

/// The algebra of doubles: the reference of every other reading. Results live in the memory that
/// the allocator gives. Sums run in index order, so that equal input gives equal bits.
public record Doubles(SegmentAllocator memory) implements Algebra<DoubleTensor> {
  private static final int COLUMNS = 1024;

  /// Space for a tensor; its content is undefined.
  public DoubleTensor empty(Shape shape) {
    return new DoubleTensor(shape, memory.allocate(shape.elements() * Double.BYTES, Double.BYTES));
  }

  @Override
  public Shape shape(DoubleTensor x) {
    return x.shape();
  }

  @Override
  public DoubleTensor reshape(DoubleTensor x, Shape to) {
    return new DoubleTensor(Shapes.ALGEBRA.reshape(x.shape(), to), x.data());
  }

  @Override
  public DoubleTensor permute(DoubleTensor x, int... axes) {
    DoubleTensor out = empty(Shapes.ALGEBRA.permute(x.shape(), axes));
    long[] strides = strides(x.shape(), x.shape());
    long[] moved = new long[axes.length];
    for (int i = 0; i < axes.length; i++) {
      moved[i] = strides[axes[i]];
    }
    Walk walk = new Walk(out.shape(), moved);
    long count = out.shape().elements();
    for (long i = 0; i < count; i++) {
      out.data().setAtIndex(JAVA_DOUBLE, i, x.at(walk.next()));
    }
    return out;
  }

  @Override
  public DoubleTensor matmul(DoubleTensor a, DoubleTensor b) {
    DoubleTensor out = empty(Shapes.ALGEBRA.matmul(a.shape(), b.shape()));
    int inner = Math.toIntExact(a.shape().dim(1));
    long rows = a.shape().dim(0);
    long columns = b.shape().dim(1);
    double[] left = new double[inner];
    for (long from = 0; from < columns; from += COLUMNS) {
      int width = (int) Math.min(COLUMNS, columns - from);
      double[][] panel = new double[inner][width];
      for (int k = 0; k < inner; k++) {
        MemorySegment.copy(
            b.data(), JAVA_DOUBLE, (k * columns + from) * Double.BYTES, panel[k], 0, width);
      }
      double[] sum = new double[width];
      for (long i = 0; i < rows; i++) {
        MemorySegment.copy(a.data(), JAVA_DOUBLE, i * inner * Double.BYTES, left, 0, inner);
        java.util.Arrays.fill(sum, 0);
        int k = 0;
        for (; k + 4 <= inner; k += 4) {
          Kernels.fourSteps(
              sum,
              panel[k],
              panel[k + 1],
              panel[k + 2],
              panel[k + 3],
              left[k],
              left[k + 1],
              left[k + 2],
              left[k + 3]);
        }
        for (; k < inner; k++) {
          Kernels.step(sum, panel[k], left[k]);
        }
        MemorySegment.copy(
            sum, 0, out.data(), JAVA_DOUBLE, (i * columns + from) * Double.BYTES, width);
      }
    }
    return out;
  }

  @Override
  public DoubleTensor batched(DoubleTensor a, DoubleTensor b) {
    DoubleTensor out = empty(Shapes.ALGEBRA.batched(a.shape(), b.shape()));
    for (long i = 0; i < a.shape().dim(0); i++) {
      DoubleTensor product = matmul(slice(a, i), slice(b, i));
      slice(out, i).data().copyFrom(product.data());
    }
    return out;
  }

  /// The matrix at an index of the first of three dimensions.
  private DoubleTensor slice(DoubleTensor x, long index) {
    Shape matrix = Shape.of(x.shape().dim(1), x.shape().dim(2));
    return reshape(x.rows(index, 1), matrix);
  }

  @Override
  public DoubleTensor rows(DoubleTensor x, long start, long count) {
    Shapes.ALGEBRA.rows(x.shape(), start, count);
    return x.rows(start, count);
  }

  @Override
  public DoubleTensor scatter(DoubleTensor indices, DoubleTensor values, Shape shape) {
    DoubleTensor out = empty(Shapes.ALGEBRA.scatter(indices.shape(), values.shape(), shape));
    out.data().fill((byte) 0);
    long count = values.shape().elements();
    for (long i = 0; i < count; i++) {
      long row = (long) indices.at(i);
      long column = (long) indices.at(count + i);
      if (row < 0 || row >= shape.dim(0) || column < 0 || column >= shape.dim(1)) {
        throw new ShapeMismatch("place [" + row + ", " + column + "] is outside " + shape);
      }
      long at = row * shape.dim(1) + column;
      out.data().setAtIndex(JAVA_DOUBLE, at, out.at(at) + values.at(i));
    }
    return out;
  }

  @Override
  public DoubleTensor cayley(DoubleTensor blocks, double limit) {
    DoubleTensor out = empty(Shapes.ALGEBRA.cayley(blocks.shape(), limit));
    Cayley.rotate(blocks, limit, out);
    return out;
  }

  @Override
  public DoubleTensor principal(DoubleTensor matrix, int rank) {
    Shapes.ALGEBRA.principal(matrix.shape(), rank);
    boolean wide = matrix.shape().dim(0) < matrix.shape().dim(1);
    DoubleTensor tall = wide ? permute(matrix, 1, 0) : matrix;
    DoubleTensor basis = Eigen.leading(matmul(permute(tall, 1, 0), tall), rank, this); // [n, rank]
    DoubleTensor part = matmul(matmul(tall, basis), permute(basis, 1, 0));
    return wide ? permute(part, 1, 0) : part;
  }

  @Override
  public DoubleTensor plus(DoubleTensor a, DoubleTensor b) {
    return combine(a, b, Double::sum);
  }

  @Override
  public DoubleTensor minus(DoubleTensor a, DoubleTensor b) {
    return combine(a, b, (x, y) -> x - y);
  }

  @Override
  public DoubleTensor times(DoubleTensor a, DoubleTensor b) {
    return combine(a, b, (x, y) -> x * y);
  }

  @Override
  public DoubleTensor ratio(DoubleTensor magnitude, DoubleTensor norm, boolean guarded) {
    return guarded
        ? combine(magnitude, norm, (m, n) -> n == 0 ? 0 : m / n)
        : combine(magnitude, norm, (m, n) -> m / n);
  }

  @Override
  public DoubleTensor affine(DoubleTensor x, double factor, double offset) {
    if (factor == 1 && offset == 0) {
      return x;
    }
    return each(x, value -> factor * value + offset);
  }

  @Override
  public DoubleTensor round(DoubleTensor x, DType to) {
    return each(x, value -> Narrow.round(value, to));
  }

  @Override
  public DoubleTensor norm(DoubleTensor x, DoraAxis axis, double epsilon) {
    DoubleTensor out = empty(Shapes.ALGEBRA.norm(x.shape(), axis, epsilon));
    long outputs = x.shape().dim(0);
    long inputs = x.shape().dim(1);
    long kernel = outputs * inputs == 0 ? 0 : x.shape().elements() / (outputs * inputs);
    double[] sums = new double[Math.toIntExact(axis == DoraAxis.OUTPUT ? outputs : inputs)];
    long at = 0;
    for (long o = 0; o < outputs; o++) {
      for (long i = 0; i < inputs; i++) {
        int to = (int) (axis == DoraAxis.OUTPUT ? o : i);
        double sum = sums[to];
        for (long k = 0; k < kernel; k++) {
          double value = x.at(at++);
          sum += value * value;
        }
        sums[to] = sum;
      }
    }
    for (int i = 0; i < sums.length; i++) {
      out.data().setAtIndex(JAVA_DOUBLE, i, Math.sqrt(sums[i]) + epsilon);
    }
    return out;
  }

  private DoubleTensor each(DoubleTensor x, java.util.function.DoubleUnaryOperator f) {
    DoubleTensor out = empty(x.shape());
    long count = x.shape().elements();
    for (long i = 0; i < count; i++) {
      out.data().setAtIndex(JAVA_DOUBLE, i, f.applyAsDouble(x.at(i)));
    }
    return out;
  }

  private DoubleTensor combine(
      DoubleTensor a, DoubleTensor b, java.util.function.DoubleBinaryOperator f) {
    Shape shape = Shapes.broadcast(a.shape(), b.shape());
    DoubleTensor out = empty(shape);
    long count = shape.elements();
    if (a.shape().equals(b.shape())) {
      for (long i = 0; i < count; i++) {
        out.data().setAtIndex(JAVA_DOUBLE, i, f.applyAsDouble(a.at(i), b.at(i)));
      }
      return out;
    }
    Walk left = new Walk(shape, strides(a.shape(), shape));
    Walk right = new Walk(shape, strides(b.shape(), shape));
    for (long i = 0; i < count; i++) {
      out.data().setAtIndex(JAVA_DOUBLE, i, f.applyAsDouble(a.at(left.next()), b.at(right.next())));
    }
    return out;
  }

  /// How far one step along each dimension of `whole` moves in a tensor of shape `part`; 0 where it
  /// is stretched.
  private static long[] strides(Shape part, Shape whole) {
    long[] strides = new long[whole.rank()];
    long stride = 1;
    int lead = whole.rank() - part.rank();
    for (int i = whole.rank() - 1; i >= lead; i--) {
      long dim = part.dim(i - lead);
      strides[i] = dim == 1 ? 0 : stride;
      stride *= dim;
    }
    return strides;
  }

  /// Visits the elements of a shape in C order and tells where each lies under other strides.
  private static final class Walk {
    private final long[] dims;
    private final long[] strides;
    private final long[] index;
    private long at;

    Walk(Shape shape, long[] strides) {
      this.dims = shape.dims();
      this.strides = strides;
      this.index = new long[dims.length];
    }

    long next() {
      long here = at;
      for (int i = dims.length - 1; i >= 0; i--) {
        at += strides[i];
        if (++index[i] < dims[i]) {
          return here;
        }
        at -= strides[i] * dims[i];
        index[i] = 0;
      }
      return here;
    }
  }
}
