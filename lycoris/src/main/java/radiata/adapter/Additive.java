package radiata.adapter;

import java.util.function.Function;
import radiata.convention.Profile;
import radiata.tensor.Algebra;

/// An adapter that adds: `W' = W + strength * delta`.
public sealed interface Additive<T> extends Adapter<T>
    permits Lora, Loha, Lokr, Full, Glora, Ia3, Tlora, Sparse {
  /// The delta at strength 1, alpha/rank included; its shape is, or broadcasts to, that of the
  /// weight.
  T delta(T weight, Algebra<T> on, Profile as);

  @Override
  default T bake(Site<T> at, double strength, Algebra<T> on, Profile as) {
    T delta = delta(at.weight(), on, as);
    return on.plus(at.weight(), on.affine(delta, strength, 0));
  }

  @Override
  <U> Additive<U> map(Function<? super T, ? extends U> f);
}
