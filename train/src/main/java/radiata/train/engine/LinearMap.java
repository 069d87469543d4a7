package radiata.train.engine;

import org.jspecify.annotations.Nullable;
import radiata.safetensors.Shape;

/// A weight as training reads it: not a matrix of numbers but how to apply it. A low-rank product
/// is applied factor by factor, a scaled one by scaling what goes in or comes out, so that the
/// weight an adapter makes is never built.
///
/// Its shape is `[out, in]` or `[out, in, kh, kw]`; factors of formulas are maps of other shapes,
/// which are never applied.
public sealed interface LinearMap {
  Shape shape();

  /// What the map makes of an input.
  ///
  /// @param x `[..., in]`, or `[batch, in, height, width]` for a convolution
  /// @param bias added to what comes out, `[out]`; null for none
  /// @param how null for a linear layer
  Tensor apply(Tensor x, @Nullable Tensor bias, @Nullable Convolution how);

  /// The same without a bias.
  default Tensor apply(Tensor x, @Nullable Convolution how) {
    return apply(x, null, how);
  }

  /// The weight itself, built.
  Tensor dense();

  /// Numbers as they are.
  ///
  /// @param squares the sums of squares along the axis of a norm, if somebody has them ready
  record Dense(Tensor tensor, Shape shape, @Nullable Tensor squares) implements LinearMap {
    public static Dense of(Tensor tensor) {
      return new Dense(tensor, tensor.shape(), null);
    }

    @Override
    public Tensor apply(Tensor x, @Nullable Tensor bias, @Nullable Convolution how) {
      Tensor weight = tensor.cast(x.dtype());
      return how == null ? x.linear(weight, bias) : x.convolve(weight, bias, how);
    }

    @Override
    public Tensor dense() {
      return tensor;
    }
  }

  /// `scale * up @ down`.
  ///
  /// @param up `[out, r]`
  /// @param down `[r, in * kh * kw]`
  record Product(Tensor up, Tensor down, double scale, Shape shape) implements LinearMap {
    @Override
    public Tensor apply(Tensor x, @Nullable Tensor bias, @Nullable Convolution how) {
      Tensor left = up.cast(x.dtype());
      Tensor right = down.cast(x.dtype());
      if (how == null) {
        return x.linear(right, null).times(scale).linear(left, bias);
      }
      long[] kernel = shape.dims();
      kernel[0] = down.size(0);
      Tensor inner = x.convolve(right.reshape(kernel), null, how).times(scale);
      Tensor points = left.reshape(shape.dim(0), kernel[0], 1, 1);
      return inner.convolve(points, bias, Convolution.POINT);
    }

    @Override
    public Tensor dense() {
      return up.matmul(down).times(scale).reshape(shape);
    }
  }

  record Sum(LinearMap one, LinearMap two) implements LinearMap {
    @Override
    public Shape shape() {
      return one.shape();
    }

    @Override
    public Tensor apply(Tensor x, @Nullable Tensor bias, @Nullable Convolution how) {
      return one.apply(x, bias, how).plus(two.apply(x, null, how));
    }

    @Override
    public Tensor dense() {
      return one.dense().plus(two.dense());
    }
  }

  /// A map whose outputs are scaled one by one.
  ///
  /// @param factor `[out, 1, ...]`
  record RowScaled(LinearMap map, Tensor factor) implements LinearMap {
    @Override
    public Shape shape() {
      return map.shape();
    }

    @Override
    public Tensor apply(Tensor x, @Nullable Tensor bias, @Nullable Convolution how) {
      Tensor by = channels(factor, how).cast(x.dtype());
      Tensor y = map.apply(x, null, how);
      return bias == null ? y.times(by) : channels(bias, how).plusProduct(y, by);
    }

    @Override
    public Tensor dense() {
      return map.dense().times(factor);
    }
  }

  /// A map whose inputs are scaled one by one.
  ///
  /// @param factor `[1, in, 1, ...]`
  record ColumnScaled(LinearMap map, Tensor factor) implements LinearMap {
    @Override
    public Shape shape() {
      return map.shape();
    }

    @Override
    public Tensor apply(Tensor x, @Nullable Tensor bias, @Nullable Convolution how) {
      return map.apply(x.times(channels(factor, how).cast(x.dtype())), bias, how);
    }

    @Override
    public Tensor dense() {
      return map.dense().times(factor);
    }
  }

  private static Tensor channels(Tensor factor, @Nullable Convolution how) {
    return how == null ? factor.reshape(-1) : factor.reshape(1, -1, 1, 1);
  }
}
