package radiata.train.nn;

import org.jspecify.annotations.Nullable;
import radiata.adapter.Adapter;
import radiata.adapter.Site;
import radiata.convention.DoraAxis;
import radiata.convention.Profile;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.train.engine.Convolution;
import radiata.train.engine.LinearMap;
import radiata.train.engine.MapAlgebra;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;

/// A linear layer or a convolution: a frozen weight and bias, and the adapter on it, if there is
/// one.
public final class Projection {
  /// An adapter being trained, and how its formula is read.
  private record Trained(Adapter<LinearMap> adapter, Algebra<LinearMap> algebra, Profile profile) {}

  private final String path;
  private final Shape shape;
  private final @Nullable Tensor bias;
  private final @Nullable Convolution how;
  private LinearMap.Dense weight;
  private @Nullable Trained trained;

  Projection(String path, Tensor weight, @Nullable Tensor bias, @Nullable Convolution how) {
    this.path = path;
    this.weight = LinearMap.Dense.of(weight);
    this.shape = this.weight.shape();
    this.bias = bias;
    this.how = how;
  }

  /// The module path, as diffusers or the language model's own code has it.
  public String path() {
    return path;
  }

  /// `[out, in]` or `[out, in, kh, kw]`.
  public Shape shape() {
    return shape;
  }

  public boolean isConvolution() {
    return how != null;
  }

  public Tensor weight() {
    return weight.tensor();
  }

  /// Puts an adapter on this layer.
  ///
  /// @param axis of its magnitude; null without one
  public void adapt(
      Adapter<LinearMap> adapter,
      Algebra<LinearMap> algebra,
      Profile profile,
      @Nullable DoraAxis axis) {
    Tensor frozen = weight.tensor();
    this.weight =
        axis == null
            ? LinearMap.Dense.of(frozen)
            : new LinearMap.Dense(frozen, shape, MapAlgebra.squares(frozen, axis));
    this.trained = new Trained(adapter, algebra, profile);
  }

  public void release() {
    this.trained = null;
  }

  /// The weight with its adapter, as the forward pass reads it.
  public LinearMap map() {
    Trained now = trained;
    return now == null
        ? weight
        : now.adapter()
            .bake(
                new Site<>(weight, weight, weight.tensor().dtype()),
                1,
                now.algebra(),
                now.profile());
  }

  /// The weight with its adapter in float64, whatever dtype it is trained in.
  ///
  /// @param frozen the weight without it, in float64
  public Tensor exact(Tensor frozen) {
    Trained now = trained;
    if (now == null) {
      return weight.tensor().cast(DType.F64);
    }
    LinearMap whole = LinearMap.Dense.of(frozen);
    return now.adapter()
        .<LinearMap>map(part -> LinearMap.Dense.of(part.dense().cast(DType.F64)))
        .bake(new Site<>(whole, whole, DType.F64), 1, now.algebra(), now.profile())
        .dense();
  }

  /// What the layer makes of its input. What it makes on its way is freed at once, but for what the
  /// backward pass needs.
  public Tensor apply(Tensor x) {
    try (Scope scope = Scope.open()) {
      Tensor add = bias == null ? null : bias.cast(x.dtype());
      return scope.keep(map().apply(x, add, how));
    }
  }
}
