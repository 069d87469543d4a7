package radiata.bake;

import java.util.Optional;
import radiata.adapter.Adapter;
import radiata.adapter.Additive;
import radiata.adapter.Dora;
import radiata.adapter.Factor;
import radiata.adapter.Lora;
import radiata.convention.DoraAxis;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.tensor.DoubleTensor;

/// Cuts an adapter to a run of output rows where its formula treats every row by itself.
final class RowBlocks {
  private RowBlocks() {}

  /// The part of an adapter that makes `count` rows.
  ///
  /// @param view the shape of the whole weight
  /// @return empty where rows depend on each other: norms over a column
  static Optional<Adapter<DoubleTensor>> cut(
      Adapter<DoubleTensor> adapter, Shape view, long start, long count, Profile as) {
    return switch (adapter) {
      case Additive<DoubleTensor> additive -> Optional.of(cut(additive, start, count));
      case Dora<DoubleTensor> dora ->
          alone(dora.axis(), dora.magnitude().shape(), view, as)
              ? Optional.of(
                  new Dora<>(
                      cut(dora.inner(), start, count),
                      dora.magnitude().rows(start, count),
                      dora.axis(),
                      dora.key()))
              : Optional.empty();
    };
  }

  /// Whether an adapter can be cut, from its shapes.
  static boolean alone(Adapter<TensorInfo> adapter, Shape view, Profile as) {
    return switch (adapter) {
      case Additive<TensorInfo> _ -> true;
      case Dora<TensorInfo> dora -> alone(dora.axis(), dora.magnitude().shape(), view, as);
    };
  }

  private static boolean alone(DoraAxis told, Shape magnitude, Shape view, Profile as) {
    return as.axis(told, magnitude, view) == DoraAxis.OUTPUT
        && magnitude.rank() > 0
        && magnitude.dim(0) == view.dim(0)
        && (as.shapesMagnitude() || magnitude.rank() == view.rank());
  }

  private static Additive<DoubleTensor> cut(
      Additive<DoubleTensor> adapter, long start, long count) {
    return switch (adapter) {
      case Lora<DoubleTensor>(Factor<DoubleTensor> factor, var scale) ->
          new Lora<>(cut(factor, start, count), scale);
    };
  }

  private static Factor<DoubleTensor> cut(Factor<DoubleTensor> factor, long start, long count) {
    return switch (factor) {
      case Factor.Whole<DoubleTensor>(DoubleTensor whole) ->
          new Factor.Whole<>(whole.rows(start, count));
      case Factor.Split<DoubleTensor>(DoubleTensor up, DoubleTensor down) ->
          new Factor.Split<>(up.rows(start, count), down);
      case Factor.Tucker<DoubleTensor>(DoubleTensor up, DoubleTensor core, DoubleTensor down) ->
          new Factor.Tucker<>(up.rows(start, count), core, down);
    };
  }
}
