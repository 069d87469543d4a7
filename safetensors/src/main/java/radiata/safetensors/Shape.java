package radiata.safetensors;

import java.util.Arrays;

/// The dimensions of a tensor, outermost first. Immutable; `[]` is a scalar of one element.
public final class Shape {
  public static final Shape SCALAR = new Shape(new long[0]);

  private final long[] dims;

  private Shape(long[] dims) {
    this.dims = dims;
  }

  /// The shape of these dimensions, outermost first.
  ///
  /// @throws IllegalArgumentException if a dimension is negative
  public static Shape of(long... dims) {
    for (long dim : dims) {
      if (dim < 0) {
        throw new IllegalArgumentException("negative dimension in " + Arrays.toString(dims));
      }
    }
    return dims.length == 0 ? SCALAR : new Shape(dims.clone());
  }

  public int rank() {
    return dims.length;
  }

  public long dim(int axis) {
    return dims[axis];
  }

  public long[] dims() {
    return dims.clone();
  }

  /// The number of elements.
  ///
  /// @throws ArithmeticException if no dimension is 0 and the product leaves 63 bits
  public long elements() {
    long product = 1;
    for (long dim : dims) {
      if (dim == 0) {
        return 0;
      }
    }
    for (long dim : dims) {
      product = Math.multiplyExact(product, dim);
    }
    return product;
  }

  /// This shape as a matrix: the first dimension, and the product of all others. A scalar is `[1,
  /// 1]`, a vector `[n]` is `[n, 1]`.
  public Shape matrix() {
    if (dims.length == 0) {
      return of(1, 1);
    }
    long columns = 1;
    for (int i = 1; i < dims.length; i++) {
      columns = Math.multiplyExact(columns, dims[i]);
    }
    return of(dims[0], columns);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  @Override
  public String toString() {
    return Arrays.toString(dims);
  }
}
