package radiata.bake;

import radiata.adapter.Adapter;
import radiata.adapter.Additive;
import radiata.adapter.Boft;
import radiata.adapter.Dora;
import radiata.adapter.Factor;
import radiata.adapter.Lora;
import radiata.adapter.Oft;
import radiata.adapter.Replacement;
import radiata.adapter.Scale;
import radiata.convention.Profile;
import radiata.tensor.DoubleTensor;
import radiata.tensor.Doubles;

/// An adapter whose delta for one weight is computed already, for use at several strengths.
final class Known {
  private Known() {}

  /// The same adapter, for this weight alone; the results are the same to the last bit.
  static Adapter<DoubleTensor> of(
      Adapter<DoubleTensor> adapter, DoubleTensor weight, Doubles on, Profile as) {
    return switch (adapter) {
      case Additive<DoubleTensor> additive -> of(additive, weight, on, as);
      case Dora<DoubleTensor> dora ->
          new Dora<>(of(dora.inner(), weight, on, as), dora.magnitude(), dora.axis(), dora.key());
      case Oft<DoubleTensor> _, Boft<DoubleTensor> _, Replacement<DoubleTensor> _ -> adapter;
    };
  }

  /// A delta that is smaller than the weight, and stretched to it, is left to the adapter itself.
  private static Additive<DoubleTensor> of(
      Additive<DoubleTensor> adapter, DoubleTensor weight, Doubles on, Profile as) {
    DoubleTensor delta = adapter.delta(weight, on, as);
    return delta.shape().equals(weight.shape())
        ? new Lora<>(new Factor.Whole<>(delta), Scale.none(1))
        : adapter;
  }
}
