package radiata.train.nn;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import radiata.safetensors.Shape;
import radiata.train.engine.Convolution;
import radiata.train.engine.Tensor;

/// The layers of one network by their module paths. A network asks for each where it is built, and
/// knows afterwards which weights of the model it never asked for.
public final class Layers {
  private final Weights weights;
  private final SequencedMap<String, Projection> projections = new LinkedHashMap<>();

  public Layers(Weights weights) {
    this.weights = weights;
  }

  public Weights weights() {
    return weights;
  }

  public boolean has(String path) {
    return weights.has(path + ".weight");
  }

  /// A linear layer; a 1x1 kernel of an old file is taken as one.
  public Projection linear(String path) {
    Tensor weight = weights.need(path + ".weight");
    return add(
        new Projection(
            path, weight.reshape(weight.shape().matrix()), weights.find(path + ".bias"), null));
  }

  /// A linear layer stored `[in, out]`, as GPT-2's are.
  public Projection transposed(String path) {
    Tensor weight = weights.need(path + ".weight").transposed();
    return add(new Projection(path, weight, weights.find(path + ".bias"), null));
  }

  /// A convolution; a matrix is taken as 1x1 kernels.
  public Projection convolution(String path, int stride, int padding) {
    Tensor weight = weights.need(path + ".weight");
    Shape shape = weight.shape();
    Tensor kernel = shape.rank() == 2 ? weight.reshape(shape.dim(0), shape.dim(1), 1, 1) : weight;
    return add(
        new Projection(
            path, kernel, weights.find(path + ".bias"), new Convolution(stride, padding)));
  }

  private Projection add(Projection projection) {
    if (projections.putIfAbsent(projection.path(), projection) != null) {
      throw new IllegalStateException("a second layer " + projection.path());
    }
    return projection;
  }

  /// A layer or group norm.
  ///
  /// @param epsilon added to the variance
  public Norm norm(String path, double epsilon) {
    return new Norm(weights.need(path + ".weight"), weights.need(path + ".bias"), epsilon);
  }

  /// Every linear layer and convolution so far, in the order they were asked for.
  public Map<String, Projection> projections() {
    return Collections.unmodifiableSequencedMap(projections);
  }
}
