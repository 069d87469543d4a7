package radiata.train.engine;

import radiata.convention.DoraAxis;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.Shapes;
import radiata.train.engine.LinearMap.ColumnScaled;
import radiata.train.engine.LinearMap.Dense;
import radiata.train.engine.LinearMap.Product;
import radiata.train.engine.LinearMap.RowScaled;
import radiata.train.engine.LinearMap.Sum;

/// The reading of adapter formulas by which they are trained. What can stay unbuilt stays so:
/// products of matrices, sums of a weight and a product, scaled rows and columns, and the norm of
/// `W + scale up down`, which comes from Gram matrices.
///
/// @param detached whether DoRA's norm is a constant to the backward pass (arXiv:2402.09353 section
///   4.3, PEFT, OneTrainer) or part of it (LyCORIS)
public record MapAlgebra(boolean detached) implements Algebra<LinearMap> {
  // Squares may cancel to less than nothing.
  private static final double LEAST_SQUARE = 1e-12;
  private static final double LEAST_NORM = 1e-30;

  @Override
  public Shape shape(LinearMap x) {
    return x.shape();
  }

  private static Dense dense(Tensor tensor) {
    return Dense.of(tensor);
  }

  @Override
  public LinearMap reshape(LinearMap x, Shape to) {
    if (x.shape().equals(to)) {
      return x;
    }
    return x instanceof Product product && product.shape().matrix().equals(to.matrix())
        ? new Product(product.up(), product.down(), product.scale(), to)
        : dense(x.dense().reshape(to));
  }

  @Override
  public LinearMap permute(LinearMap x, int... axes) {
    long[] order = new long[axes.length];
    for (int i = 0; i < axes.length; i++) {
      order[i] = axes[i];
    }
    return dense(x.dense().permute(order));
  }

  @Override
  public LinearMap matmul(LinearMap a, LinearMap b) {
    Shape shape = Shapes.ALGEBRA.matmul(a.shape(), b.shape());
    return new Product(a.dense(), b.dense(), 1, shape);
  }

  @Override
  public LinearMap batched(LinearMap a, LinearMap b) {
    return dense(a.dense().matmul(b.dense()));
  }

  @Override
  public LinearMap rows(LinearMap x, long start, long count) {
    return dense(x.dense().slice(0, start, start + count));
  }

  @Override
  public LinearMap scatter(LinearMap indices, LinearMap values, Shape shape) {
    throw untrained("a sparse remainder");
  }

  @Override
  public LinearMap cayley(LinearMap blocks, double limit) {
    throw untrained("a rotation (Diag-OFT, BOFT)");
  }

  @Override
  public LinearMap principal(LinearMap matrix, int rank) {
    throw untrained("T-LoRA");
  }

  private static TorchException untrained(String what) {
    return new TorchException(what + " is not trained here; it can be baked and converted");
  }

  @Override
  public LinearMap plus(LinearMap a, LinearMap b) {
    boolean lazy = a.shape().equals(b.shape()) && !(a instanceof Dense && b instanceof Dense);
    return lazy ? new Sum(a, b) : dense(a.dense().plus(b.dense()));
  }

  @Override
  public LinearMap minus(LinearMap a, LinearMap b) {
    return dense(a.dense().minus(b.dense()));
  }

  @Override
  public LinearMap times(LinearMap a, LinearMap b) {
    Shape shape = a.shape();
    if (shape.rank() == b.shape().rank() && shape.rank() > 1 && b instanceof Dense factor) {
      if (b.shape().equals(Shapes.ALGEBRA.norm(shape, DoraAxis.OUTPUT, 0))) {
        return new RowScaled(a, factor.tensor());
      }
      if (b.shape().equals(Shapes.ALGEBRA.norm(shape, DoraAxis.INPUT, 0))) {
        return new ColumnScaled(a, factor.tensor());
      }
    }
    return dense(a.dense().times(b.dense()));
  }

  @Override
  public LinearMap affine(LinearMap x, double factor, double offset) {
    if (offset != 0) {
      return dense(x.dense().times(factor).plus(offset));
    }
    if (factor == 1) {
      return x;
    }
    return x instanceof Product(Tensor up, Tensor down, double scale, Shape shape)
        ? new Product(up, down, factor * scale, shape)
        : dense(x.dense().times(factor));
  }

  @Override
  public LinearMap norm(LinearMap x, DoraAxis axis, double epsilon) {
    if (!detached) {
      return dense(measured(x, axis, epsilon));
    }
    try (Gradients.Pause _ = Gradients.pause()) {
      return dense(measured(x, axis, epsilon));
    }
  }

  private static Tensor measured(LinearMap x, DoraAxis axis, double epsilon) {
    Tensor squares =
        x instanceof Sum(Dense weight, Product delta)
            ? squares(weight, delta, axis)
            : squares(x.dense(), axis);
    return squares.atLeast(LEAST_SQUARE).root().plus(epsilon);
  }

  /// The sums of squares of a weight along an axis: `[out, 1, ...]` or `[1, in, 1, ...]`.
  public static Tensor squares(Tensor weight, DoraAxis axis) {
    long[] over = new long[weight.rank() - 1];
    for (int i = 0; i < over.length; i++) {
      over[i] = i == 0 ? (axis == DoraAxis.OUTPUT ? 1 : 0) : i + 1;
    }
    // The squares themselves are as large as the weight.
    try (Scope scope = Scope.open()) {
      return scope.keep(weight.square().sum(over));
    }
  }

  /// The same of `W + c B A`, of which only `W A^T` and matrices of the rank's size are built:
  /// `|W|^2 + sum_r B (2 c W A^T + c^2 B A A^T)` on the output axis.
  private static Tensor squares(Dense weight, Product delta, DoraAxis axis) {
    Tensor up = delta.up();
    Tensor down = delta.down();
    double c = delta.scale();
    Shape shape = weight.shape();
    Tensor matrix = weight.tensor().cast(up.dtype()).reshape(shape.matrix());
    Tensor own = weight.squares() == null ? squares(weight.tensor(), axis) : weight.squares();
    if (axis == DoraAxis.OUTPUT) {
      Tensor cross = matrix.matmul(down.transposed()); // [out, r]
      Tensor gram = down.matmul(down.transposed()); // [r, r]
      Tensor change = up.times(cross.times(2 * c).plus(up.matmul(gram).times(c * c))).sum(1);
      return own.plus(change.reshape(own.shape()));
    }
    Tensor cross = up.transposed().matmul(matrix); // [r, in * k]
    Tensor gram = up.transposed().matmul(up);
    Tensor change = down.times(cross.times(2 * c).plus(gram.matmul(down).times(c * c))).sum(0);
    return own.plus(change.reshape(shape.dim(1), -1).sum(1).reshape(own.shape()));
  }

  @Override
  public LinearMap ratio(LinearMap magnitude, LinearMap norm, boolean guarded) {
    Tensor by = guarded ? norm.dense().atLeast(LEAST_NORM) : norm.dense();
    return dense(magnitude.dense().over(by));
  }

  @Override
  public LinearMap round(LinearMap x, DType to) {
    DType from = x.dense().dtype();
    return from == to ? x : dense(x.dense().cast(to).cast(from));
  }
}
