package radiata.tensor;

import radiata.convention.DoraAxis;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;

/// What adapter formulas are written in. Every operation gives a new value; operands stay as they
/// are. Two-operand elementwise operations broadcast as NumPy and torch do: shapes are aligned at
/// their last dimension and a dimension of 1 stretches.
///
/// An operation on shapes that do not fit throws [ShapeMismatch].
public interface Algebra<T> {
  Shape shape(T x);

  /// The same elements, in C order, under another shape of equal size.
  T reshape(T x, Shape to);

  /// The dimensions in another order: dimension `i` of the result is dimension `axes[i]` of `x`.
  T permute(T x, int... axes);

  /// `[m, k] @ [k, n]`.
  T matmul(T a, T b);

  /// Many products at once: `[n, m, k] @ [n, k, c]` gives `[n, m, c]`.
  T batched(T a, T b);

  /// A run of the first dimension.
  T rows(T x, long start, long count);

  /// A tensor of zeros but for `values[j]` at row `indices[0, j]` and column `indices[1, j]`; of
  /// two values at one place the sum.
  ///
  /// @param indices `[2, n]`
  /// @param values `[n]`
  /// @param shape of the result, a matrix
  T scatter(T indices, T values, Shape shape);

  /// Orthogonal blocks from unconstrained ones: `R = (I + Q)(I - Q)^-1` with `Q = B - B^T`, each
  /// block `[b, b]` by itself. If the Frobenius norm of all Q together, plus 1e-8, is above
  /// `limit`, all are scaled down to it first; a limit of 0 is none (LyCORIS 3.3.0,
  /// `modules/diag_oft.py` `get_r`).
  ///
  /// @param blocks `[..., b, b]`
  T cayley(T blocks, double limit);

  /// The best approximation of a matrix by one of a lower rank: the part of its first singular
  /// vectors.
  T principal(T matrix, int rank);

  T plus(T a, T b);

  T minus(T a, T b);

  T times(T a, T b);

  /// `factor * x + offset`, elementwise.
  T affine(T x, double factor, double offset);

  /// The L2 norms of a weight `[out, in, k...]` plus `epsilon`: over everything but the outputs
  /// `[out, 1, ...]`, or over everything but the inputs `[1, in, 1, ...]`.
  T norm(T x, DoraAxis axis, double epsilon);

  /// `magnitude / norm`, broadcast.
  ///
  /// @param guarded a norm of 0 gives 0: the vector is 0 and stays so
  T ratio(T magnitude, T norm, boolean guarded);

  /// `x` rounded to what `to` can hold, for runtimes that keep the weight in the base's dtype
  /// between adapters.
  T round(T x, DType to);
}
