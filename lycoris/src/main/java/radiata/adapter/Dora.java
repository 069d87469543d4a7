package radiata.adapter;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import radiata.convention.DoraAxis;
import radiata.convention.Magnitude;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.ShapeMismatch;

/// Weight decomposition over another adapter: `V = W + delta`, `W' = V * magnitude / norm(V)` along
/// `axis` (arXiv:2402.09353; LyCORIS 3.3.0 `apply_weight_decompose`). Which norm is taken, what is
/// added to it and where the strength enters differs from runtime to runtime and is the [Profile]'s
/// to say.
///
/// @param magnitude as stored: `[out, 1, ...]`, `[1, in, ...]`, 1-D, or PEFT's `[1, out, 1, 1]`
/// @param axis what the magnitude's shape and key mean
/// @param key the key it is stored under
public record Dora<T>(Adapter<T> inner, T magnitude, DoraAxis axis, Magnitude key)
    implements Adapter<T> {
  @Override
  public T bake(Site<T> at, double strength, Algebra<T> on, Profile as) {
    T weight = at.weight();
    Shape shape = on.shape(weight);
    T delta =
        inner instanceof Additive<T> additive
            ? additive.delta(weight, on, as)
            : on.minus(inner.bake(at, 1, on, as), weight);
    if (as.strength() == Profile.Strength.INSIDE_NORM) {
      delta = on.affine(delta, strength, 0);
    }
    T moved = on.plus(weight, delta);
    DoraAxis along = as.axis(axis, on.shape(magnitude), shape);
    T normed =
        switch (as.norm()) {
          case MOVED -> moved;
          case BASE_ON_OUTPUT -> along == DoraAxis.OUTPUT ? weight : moved;
          case UNTOUCHED_PLUS_DELTA -> on.plus(at.untouched(), delta);
        };
    T norm = on.norm(normed, along, as.epsilon(at.base()));
    T ratio =
        on.ratio(
            as.shapesMagnitude() ? shaped(along, shape, on) : magnitude, norm, as.guardsZeroNorm());
    return switch (as.strength()) {
      case TOWARDS -> {
        T whole = whole(on.times(moved, ratio), shape, on);
        yield strength == 1
            ? whole
            : on.plus(weight, on.affine(on.minus(whole, weight), strength, 0));
      }
      case ON_FACTOR -> whole(on.times(moved, on.affine(ratio, strength, 1 - strength)), shape, on);
      case INSIDE_NORM -> whole(on.times(moved, ratio), shape, on);
    };
  }

  /// The magnitude along its axis, whatever shape it was stored in: `[out, 1, ...]` or `[1, in, 1,
  /// ...]`.
  private T shaped(DoraAxis along, Shape weight, Algebra<T> on) {
    Shape stored = on.shape(magnitude);
    long[] dims = new long[weight.rank()];
    java.util.Arrays.fill(dims, 1);
    int at = along == DoraAxis.OUTPUT ? 0 : 1;
    dims[at] = weight.dim(at);
    if (stored.elements() != dims[at]) {
      throw new ShapeMismatch(
          "a magnitude "
              + stored
              + " does not fit the "
              + along.name().toLowerCase(java.util.Locale.ROOT)
              + " axis of a weight "
              + weight
              + ", which needs "
              + dims[at]
              + " values");
    }
    return on.reshape(magnitude, Shape.of(dims));
  }

  /// Runtimes that take the magnitude as stored broadcast it; a result larger than the weight is
  /// their error.
  private static <T> T whole(T result, Shape weight, Algebra<T> on) {
    if (!on.shape(result).equals(weight)) {
      throw new ShapeMismatch(
          "the magnitude broadcasts the weight " + weight + " to " + on.shape(result));
    }
    return result;
  }

  @Override
  public <U> Dora<U> map(Function<? super T, ? extends U> f) {
    return new Dora<>(inner.map(f), f.apply(magnitude), axis, key);
  }

  @Override
  public List<T> tensors() {
    List<T> all = new ArrayList<>(inner.tensors());
    all.add(magnitude);
    return List.copyOf(all);
  }

  @Override
  public Shape madeFor(Function<? super T, Shape> shapes) {
    return inner.madeFor(shapes);
  }
}
