import radiata.convention.DoraAxis;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.train.engine.LinearMap;
import radiata.train.engine.MapAlgebra;

/// The reading of adapter formulas that training is measured against: every step is built, the new
/// weight too, and the layer applies that.
record Materialised(MapAlgebra lazy) implements Algebra<LinearMap> {
  private static LinearMap built(LinearMap x) {
    return LinearMap.Dense.of(x.dense());
  }

  @Override
  public Shape shape(LinearMap x) {
    return lazy.shape(x);
  }

  @Override
  public LinearMap reshape(LinearMap x, Shape to) {
    return built(lazy.reshape(x, to));
  }

  @Override
  public LinearMap permute(LinearMap x, int... axes) {
    return built(lazy.permute(x, axes));
  }

  @Override
  public LinearMap matmul(LinearMap a, LinearMap b) {
    return built(lazy.matmul(a, b));
  }

  @Override
  public LinearMap batched(LinearMap a, LinearMap b) {
    return built(lazy.batched(a, b));
  }

  @Override
  public LinearMap rows(LinearMap x, long start, long count) {
    return built(lazy.rows(x, start, count));
  }

  @Override
  public LinearMap scatter(LinearMap indices, LinearMap values, Shape shape) {
    return lazy.scatter(indices, values, shape);
  }

  @Override
  public LinearMap cayley(LinearMap blocks, double limit) {
    return lazy.cayley(blocks, limit);
  }

  @Override
  public LinearMap principal(LinearMap matrix, int rank) {
    return lazy.principal(matrix, rank);
  }

  @Override
  public LinearMap plus(LinearMap a, LinearMap b) {
    return built(lazy.plus(a, b));
  }

  @Override
  public LinearMap minus(LinearMap a, LinearMap b) {
    return built(lazy.minus(a, b));
  }

  @Override
  public LinearMap times(LinearMap a, LinearMap b) {
    return built(lazy.times(a, b));
  }

  @Override
  public LinearMap affine(LinearMap x, double factor, double offset) {
    return built(lazy.affine(x, factor, offset));
  }

  @Override
  public LinearMap norm(LinearMap x, DoraAxis axis, double epsilon) {
    return built(lazy.norm(built(x), axis, epsilon));
  }

  @Override
  public LinearMap ratio(LinearMap magnitude, LinearMap norm, boolean guarded) {
    return built(lazy.ratio(magnitude, norm, guarded));
  }

  @Override
  public LinearMap round(LinearMap x, DType to) {
    return built(lazy.round(x, to));
  }
}
