package radiata.adapter;

import java.util.List;
import java.util.function.Function;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;

/// One adapter module: which tensors, and the formula over them. `T` is whatever an [Algebra]
/// computes on: header entries for a listing, shapes for a plan, doubles for a bake, device arrays
/// in training.
public sealed interface Adapter<T> permits Additive, Dora, Oft, Boft, Replacement {
  /// The new weight, in the shape of `at.weight()`.
  ///
  /// @param strength the user's multiplier; where it enters is for the profile to say
  /// @throws radiata.tensor.ShapeMismatch if the tensors do not multiply out to the weight
  T bake(Site<T> at, double strength, Algebra<T> on, Profile as);

  /// The same adapter over other tensors.
  <U> Adapter<U> map(Function<? super T, ? extends U> f);

  /// Its tensors, in the order in which [#map] visits them.
  List<T> tensors();

  /// The shape of the weight these factors were made for, as far as they tell: `[out, in, k...]`,
  /// `[out, in*k]` where the kernel is folded into one factor, `[out]` where they act on outputs
  /// alone.
  ///
  /// @throws radiata.tensor.ShapeMismatch if the factors do not multiply with each other
  Shape madeFor(Function<? super T, Shape> shapes);
}
