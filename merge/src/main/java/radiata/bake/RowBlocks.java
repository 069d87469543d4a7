package radiata.bake;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import radiata.adapter.Adapter;
import radiata.adapter.Additive;
import radiata.adapter.Boft;
import radiata.adapter.Dora;
import radiata.adapter.Factor;
import radiata.adapter.Full;
import radiata.adapter.Glora;
import radiata.adapter.Ia3;
import radiata.adapter.Loha;
import radiata.adapter.Lokr;
import radiata.adapter.Lora;
import radiata.adapter.Oft;
import radiata.adapter.Replacement;
import radiata.adapter.Sparse;
import radiata.adapter.Tlora;
import radiata.convention.DoraAxis;
import radiata.convention.Profile;
import radiata.names.Rows;
import radiata.safetensors.Shape;
import radiata.tensor.DoubleTensor;
import radiata.tensor.Doubles;

/// Cuts an adapter to a run of output rows where its formula treats rows, or groups of them, by
/// themselves.
final class RowBlocks {
  private RowBlocks() {}

  /// How many neighbouring rows depend on each other: 1 where each stands alone, more where they go
  /// in groups, 0 where all do.
  ///
  /// @param view the shape of the whole weight
  static <T> long granule(
      Adapter<T> adapter, Function<? super T, Shape> shapes, Shape view, Profile as) {
    return switch (adapter) {
      case Lora<T> _, Loha<T> _, Full<T> _, Glora<T> _, Ia3<T> _, Replacement<T> _ -> 1;
      case Lokr<T> lokr -> lokr.large().shape(shapes).dim(0);
      case Oft<T> oft -> shapes.apply(oft.blocks()).dim(1);
      case Dora<T> dora ->
          alone(dora.axis(), shapes.apply(dora.magnitude()), view, as)
              ? granule(dora.inner(), shapes, view, as)
              : 0;
      case Boft<T> _, Tlora<T> _, Sparse<T> _ -> 0;
    };
  }

  /// Whether a run of a module's rows can be cut out; null are all rows.
  static boolean falls(@Nullable Rows rows, long granule) {
    return rows == null
        || (granule > 0 && rows.start() % granule == 0 && rows.count() % granule == 0);
  }

  /// The part of an adapter that makes the rows at its place.
  static Adapter<DoubleTensor> at(Applied applied, Adapter<DoubleTensor> adapter, Doubles on) {
    return applied.cut() && applied.target().of() instanceof Rows(long start, long count)
        ? cut(adapter, start, count, on)
        : adapter;
  }

  private static boolean alone(DoraAxis told, Shape magnitude, Shape view, Profile as) {
    return as.axis(told, magnitude, view) == DoraAxis.OUTPUT
        && magnitude.rank() > 0
        && magnitude.dim(0) == view.dim(0)
        && (as.shapesMagnitude() || magnitude.rank() == view.rank());
  }

  /// The part of an adapter that makes `count` rows from `start` on, both multiples of its granule.
  static Adapter<DoubleTensor> cut(
      Adapter<DoubleTensor> adapter, long start, long count, Doubles on) {
    return switch (adapter) {
      case Additive<DoubleTensor> additive -> cut(additive, start, count, on);
      case Dora<DoubleTensor>(var inner, DoubleTensor magnitude, var axis, var key) ->
          new Dora<>(cut(inner, start, count, on), magnitude.rows(start, count), axis, key);
      case Oft<DoubleTensor>(var blocks, var rescale, double constraint, boolean rotated) -> {
        long block = blocks.shape().dim(1);
        yield new Oft<>(
            blocks.rows(start / block, count / block),
            rescale == null ? null : rescale.rows(start, count),
            constraint,
            rotated);
      }
      case Replacement<DoubleTensor>(var whole) -> new Replacement<>(whole.rows(start, count));
      case Boft<DoubleTensor> _ -> throw inOnePiece(adapter);
    };
  }

  private static Additive<DoubleTensor> cut(
      Additive<DoubleTensor> adapter, long start, long count, Doubles on) {
    return switch (adapter) {
      case Lora<DoubleTensor>(var factor, var scale) ->
          new Lora<>(cut(factor, start, count, on), scale);
      case Loha<DoubleTensor>(var one, var two, var scale) ->
          new Loha<>(cut(one, start, count, on), cut(two, start, count, on), scale);
      case Lokr<DoubleTensor>(var small, var large, var scale) -> {
        long group = large.shape(DoubleTensor::shape).dim(0);
        yield new Lokr<>(cut(small, start / group, count / group, on), large, scale);
      }
      case Full<DoubleTensor>(var diff, var scale) -> new Full<>(diff.rows(start, count), scale);
      case Glora<DoubleTensor>(var a1, var a2, var b1, var b2, var scale, boolean old) ->
          new Glora<>(a1, a2, b1.rows(start, count), b2, scale, old);
      case Ia3<DoubleTensor>(var factor, boolean onInput) ->
          onInput ? adapter : new Ia3<>(flat(factor, on).rows(start, count), false);
      case Tlora<DoubleTensor> _, Sparse<DoubleTensor> _ -> throw inOnePiece(adapter);
    };
  }

  private static Factor<DoubleTensor> cut(
      Factor<DoubleTensor> factor, long start, long count, Doubles on) {
    return switch (factor) {
      case Factor.Whole<DoubleTensor>(var whole) -> new Factor.Whole<>(whole.rows(start, count));
      case Factor.Split<DoubleTensor>(var up, var down) ->
          new Factor.Split<>(up.rows(start, count), down);
      case Factor.Experts<DoubleTensor> experts -> {
        long out = experts.up().shape().dim(0);
        DoubleTensor ups = experts.ups(on).rows(start, count);
        long rank = ups.shape().dim(2);
        yield new Factor.Experts<>(
            on.reshape(on.permute(ups, 1, 2, 0), Shape.of(out, rank * count)),
            experts.down().rows(start * rank, count * rank),
            count,
            experts.turned());
      }
      case Factor.Tucker<DoubleTensor>(var up, var core, var down, boolean turned) -> {
        DoubleTensor upright = turned ? on.permute(on.reshape(up, up.shape().matrix()), 1, 0) : up;
        yield new Factor.Tucker<>(upright.rows(start, count), core, down, false);
      }
    };
  }

  /// The matrix whose rows a change goes through: that of the weight, or where it is one for every
  /// expert, all of them under each other, so that a few rows of one expert can be taken.
  static Shape lines(Step.Change step) {
    Shape shape = step.target().shape();
    return shape.rank() == 3 && step.applied().stream().allMatch(a -> a.alone() && experts(a))
        ? Shape.of(Math.multiplyExact(shape.dim(0), shape.dim(1)), shape.dim(2))
        : shape.matrix();
  }

  private static boolean experts(Applied applied) {
    return applied.adapter() instanceof Lora<?> lora && lora.factor() instanceof Factor.Experts<?>;
  }

  /// The part of an adapter on experts that makes a run of [#lines]: of one expert, or of several
  /// whole ones.
  ///
  /// @param each lines of an expert
  static Adapter<DoubleTensor> part(
      Adapter<DoubleTensor> adapter, long start, long count, long each, Doubles on) {
    if (!(adapter instanceof Lora<DoubleTensor>(var factor, var scale)
        && factor instanceof Factor.Experts<DoubleTensor> experts)) {
      throw inOnePiece(adapter);
    }
    if (start % each == 0 && count % each == 0) {
      return new Lora<>(cut(factor, start / each, count / each, on), scale);
    }
    DoubleTensor up = matrix(experts.ups(on), start / each, on);
    DoubleTensor down = matrix(experts.downs(on), start / each, on);
    long row = start % each;
    Factor<DoubleTensor> lines =
        experts.turned()
            ? new Factor.Split<>(on.permute(down, 1, 0).rows(row, count), on.permute(up, 1, 0))
            : new Factor.Split<>(up.rows(row, count), down);
    return new Lora<>(lines, scale);
  }

  private static DoubleTensor matrix(DoubleTensor all, long expert, Doubles on) {
    return on.reshape(all.rows(expert, 1), Shape.of(all.shape().dim(1), all.shape().dim(2)));
  }

  private static DoubleTensor flat(DoubleTensor x, Doubles on) {
    return on.reshape(x, Shape.of(x.shape().elements()));
  }

  private static IllegalArgumentException inOnePiece(Adapter<DoubleTensor> adapter) {
    return new IllegalArgumentException("rows depend on each other: " + adapter.getClass());
  }
}
