package radiata.train.nn;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.Shape;
import radiata.train.engine.Convolution;
import radiata.train.engine.Tensor;

/// The layers of one network by their module paths. A network asks for each where it is built, and
/// knows afterwards which weights of the model it never asked for.
public final class Layers {
  private final Weights weights;
  private final @Nullable Map<String, Tensor> trained;
  private final SequencedMap<String, Projection> projections = new LinkedHashMap<>();

  public Layers(Weights weights) {
    this(weights, null);
  }

  /// Layers whose own weights are trained, as in full fine-tuning.
  ///
  /// @param trained receives every weight that the network asks for, a leaf
  public Layers(Weights weights, @Nullable Map<String, Tensor> trained) {
    this.weights = weights;
    this.trained = trained;
  }

  /// A weight by its name.
  ///
  /// @throws NetworkException if there is none
  public Tensor tensor(String name) {
    return trained == null
        ? weights.need(name)
        : trained.computeIfAbsent(name, _ -> weights.need(name).copied().trained());
  }

  private @Nullable Tensor bias(String path) {
    return weights.has(path + ".bias") ? tensor(path + ".bias") : null;
  }

  public Weights weights() {
    return weights;
  }

  public boolean has(String path) {
    return weights.has(path + ".weight");
  }

  /// A linear layer; a 1x1 kernel of an old file is taken as one.
  public Projection linear(String path) {
    Tensor weight = tensor(path + ".weight");
    return add(
        new Projection(
            path,
            weight.rank() == 2 ? weight : weight.reshape(weight.shape().matrix()),
            bias(path),
            null));
  }

  /// A linear layer stored `[in, out]`, as GPT-2's are.
  public Projection transposed(String path) {
    Tensor weight = tensor(path + ".weight").transposed();
    return add(new Projection(path, weight, bias(path), null));
  }

  /// A convolution; a matrix is taken as 1x1 kernels.
  public Projection convolution(String path, int stride, int padding) {
    Tensor weight = tensor(path + ".weight");
    Shape shape = weight.shape();
    Tensor kernel = shape.rank() == 2 ? weight.reshape(shape.dim(0), shape.dim(1), 1, 1) : weight;
    return add(new Projection(path, kernel, bias(path), new Convolution(stride, padding)));
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
    return new Norm(tensor(path + ".weight"), tensor(path + ".bias"), epsilon);
  }

  /// A norm without a bias.
  ///
  /// @param epsilon added to the mean square
  public RmsNorm rmsNorm(String path, double epsilon) {
    return new RmsNorm(tensor(path + ".weight"), epsilon);
  }

  /// Every linear layer and convolution so far, in the order they were asked for.
  public Map<String, Projection> projections() {
    return Collections.unmodifiableSequencedMap(projections);
  }
}
