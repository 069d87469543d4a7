package radiata.adapter.file;

import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import radiata.adapter.Adapter;
import radiata.convention.Algorithm;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;

/// What a recipe makes of a group of tensors.
///
/// @param weight what changes the layer's weight; null where only its bias is changed
/// @param bias what changes its bias; null without
/// @param rank the rank of the factors; empty where there is none
/// @param alpha as stored or configured
/// @param turned whether the base stores the weight the other way round, `[in, out]`
/// @param padded the shape to which the base's weight grows first; null where it stays
record Body(
    Algorithm algorithm,
    @Nullable Adapter<TensorInfo> weight,
    @Nullable Adapter<TensorInfo> bias,
    OptionalInt rank,
    OptionalDouble alpha,
    boolean turned,
    @Nullable Shape padded) {

  Body(
      Algorithm algorithm,
      @Nullable Adapter<TensorInfo> weight,
      @Nullable Adapter<TensorInfo> bias,
      OptionalInt rank,
      OptionalDouble alpha,
      boolean turned) {
    this(algorithm, weight, bias, rank, alpha, turned, null);
  }

  static Body of(Algorithm algorithm, Adapter<TensorInfo> weight, int rank, OptionalDouble alpha) {
    return new Body(algorithm, weight, null, OptionalInt.of(rank), alpha, false);
  }

  static Body without(
      Algorithm algorithm,
      @Nullable Adapter<TensorInfo> weight,
      @Nullable Adapter<TensorInfo> bias) {
    return new Body(algorithm, weight, bias, OptionalInt.empty(), OptionalDouble.empty(), false);
  }
}
