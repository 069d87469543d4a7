package radiata.convert;

import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;

/// Where elements of an output's tensor come from. Places and counts are in elements, in C order.
public sealed interface Piece {
  /// Elements that follow each other in the input, too.
  ///
  /// @param first the first of them in the input's tensor
  /// @param count how many
  /// @param at where they start in the output's tensor
  record Run(Stored source, long first, long count, long at) implements Piece {}

  /// A whole matrix `[rows, columns]` of the input, as `[columns, rows]`.
  record Transposed(Stored source) implements Piece {}

  /// A whole tensor of ones that the input does not have.
  record Ones(long count) implements Piece {}

  /// Whether its numbers are stored as `dtype` in the input.
  default boolean isOf(DType dtype) {
    return switch (this) {
      case Run run -> run.source().info().dtype() == dtype;
      case Transposed all -> all.source().info().dtype() == dtype;
      case Ones _ -> true;
    };
  }

  /// A whole tensor as it is.
  static Piece whole(Stored source) {
    return new Run(source, 0, source.info().shape().elements(), 0);
  }
}
