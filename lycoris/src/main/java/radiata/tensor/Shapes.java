package radiata.tensor;

import radiata.convention.DoraAxis;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;

/// The algebra of shapes: what a formula would give, or why it cannot, before a byte of data is
/// read.
public enum Shapes implements Algebra<Shape> {
  ALGEBRA;

  @Override
  public Shape shape(Shape x) {
    return x;
  }

  @Override
  public Shape reshape(Shape x, Shape to) {
    if (x.elements() != to.elements()) {
      throw new ShapeMismatch("cannot reshape " + x + " to " + to);
    }
    return to;
  }

  @Override
  public Shape permute(Shape x, int... axes) {
    if (axes.length != x.rank()) {
      throw new ShapeMismatch("cannot order " + axes.length + " dimensions of " + x);
    }
    long[] dims = new long[axes.length];
    for (int i = 0; i < axes.length; i++) {
      dims[i] = x.dim(axes[i]);
    }
    return Shape.of(dims);
  }

  @Override
  public Shape matmul(Shape a, Shape b) {
    if (a.rank() != 2 || b.rank() != 2 || a.dim(1) != b.dim(0)) {
      throw ShapeMismatch.multiply(a, b);
    }
    return Shape.of(a.dim(0), b.dim(1));
  }

  @Override
  public Shape batched(Shape a, Shape b) {
    if (a.rank() != 3 || b.rank() != 3 || a.dim(0) != b.dim(0) || a.dim(2) != b.dim(1)) {
      throw ShapeMismatch.multiply(a, b);
    }
    return Shape.of(a.dim(0), a.dim(1), b.dim(2));
  }

  @Override
  public Shape rows(Shape x, long start, long count) {
    if (x.rank() == 0 || start + count > x.dim(0)) {
      throw new ShapeMismatch("rows " + start + " to " + (start + count) + " of " + x);
    }
    long[] dims = x.dims();
    dims[0] = count;
    return Shape.of(dims);
  }

  @Override
  public Shape scatter(Shape indices, Shape values, Shape shape) {
    boolean fits =
        indices.rank() == 2 && indices.dim(0) == 2 && values.elements() == indices.dim(1);
    if (!fits || shape.rank() != 2) {
      throw new ShapeMismatch("places " + indices + " for values " + values);
    }
    return shape;
  }

  @Override
  public Shape cayley(Shape blocks, double limit) {
    int rank = blocks.rank();
    if (rank < 2 || blocks.dim(rank - 1) != blocks.dim(rank - 2)) {
      throw new ShapeMismatch("rotations need square blocks, not " + blocks);
    }
    return blocks;
  }

  @Override
  public Shape principal(Shape matrix, int rank) {
    if (matrix.rank() != 2 || rank > Math.min(matrix.dim(0), matrix.dim(1))) {
      throw new ShapeMismatch("a part of rank " + rank + " of " + matrix);
    }
    return matrix;
  }

  @Override
  public Shape plus(Shape a, Shape b) {
    return broadcast(a, b);
  }

  @Override
  public Shape minus(Shape a, Shape b) {
    return broadcast(a, b);
  }

  @Override
  public Shape times(Shape a, Shape b) {
    return broadcast(a, b);
  }

  @Override
  public Shape affine(Shape x, double factor, double offset) {
    return x;
  }

  @Override
  public Shape norm(Shape x, DoraAxis axis, double epsilon) {
    if (x.rank() < 2) {
      throw new ShapeMismatch("a norm along an axis needs a matrix or a kernel, not " + x);
    }
    long[] dims = new long[x.rank()];
    java.util.Arrays.fill(dims, 1);
    int at = axis == DoraAxis.OUTPUT ? 0 : 1;
    dims[at] = x.dim(at);
    return Shape.of(dims);
  }

  @Override
  public Shape ratio(Shape magnitude, Shape norm, boolean guarded) {
    return broadcast(magnitude, norm);
  }

  @Override
  public Shape round(Shape x, DType to) {
    return x;
  }

  /// The shape that two operands stretch to.
  public static Shape broadcast(Shape a, Shape b) {
    int rank = Math.max(a.rank(), b.rank());
    long[] dims = new long[rank];
    for (int i = 0; i < rank; i++) {
      long x = i < rank - a.rank() ? 1 : a.dim(i - (rank - a.rank()));
      long y = i < rank - b.rank() ? 1 : b.dim(i - (rank - b.rank()));
      if (x != y && x != 1 && y != 1) {
        throw new ShapeMismatch("cannot broadcast " + a + " with " + b);
      }
      dims[i] = x == 1 ? y : x;
    }
    return Shape.of(dims);
  }
}
