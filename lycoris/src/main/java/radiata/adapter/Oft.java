package radiata.adapter;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.ShapeMismatch;

/// Diag-OFT: the output rows are turned in blocks, `W' = rescale * R^T W`, R from [Algebra#cayley]
/// (LyCORIS 3.3.0 `modules/diag_oft.py`; sd-scripts 48d368fa `networks/oft.py` without rescale).
///
/// @param blocks `[n, b, b]` with `n * b` outputs: what the rotations are made from, or the
///   rotations
/// @param rescale `[out, 1, ...]`; null without
/// @param constraint `alpha` of the file: the limit of the norm is this times the outputs; 0 is
///   none
/// @param rotated whether the blocks are the rotations themselves (`oft_diag` of LyCORIS 1.x-2.0)
public record Oft<T>(T blocks, @Nullable T rescale, double constraint, boolean rotated)
    implements Adapter<T> {
  @Override
  public T bake(Site<T> at, double strength, Algebra<T> on, Profile as) {
    T weight = at.weight();
    Shape shape = on.shape(weight);
    T turned = turn(weight, rotations(on, as), on);
    return switch (as.rotation()) {
      case STRAIGHT ->
          Rotations.towards(weight, Rotations.rescaled(turned, rescale, shape, on), strength, on);
      case MIXED ->
          Rotations.rescaled(Rotations.towards(weight, turned, strength, on), rescale, shape, on);
      case TWICE -> Rotations.towards(weight, turned, strength * strength, on);
    };
  }

  /// The same adapter with its rotations worked out.
  public Oft<T> worked(Algebra<T> on, Profile as) {
    return new Oft<>(rotations(on, as), rescale, 0, true);
  }

  private T rotations(Algebra<T> on, Profile as) {
    Shape shape = on.shape(blocks);
    long outputs = shape.dim(0) * shape.dim(1);
    return rotated ? blocks : on.cayley(blocks, as.rotationLimit(constraint, outputs));
  }

  private T turn(T weight, T rotations, Algebra<T> on) {
    Shape to = on.shape(weight);
    Shape r = on.shape(rotations);
    if (r.rank() != 3 || r.dim(1) != r.dim(2) || r.dim(0) * r.dim(1) != to.dim(0)) {
      throw new ShapeMismatch("blocks " + r + " do not turn the outputs of a weight " + to);
    }
    Shape rows = Shape.of(r.dim(0), r.dim(1), to.matrix().dim(1));
    T turned = on.batched(on.permute(rotations, 0, 2, 1), on.reshape(weight, rows));
    return on.reshape(turned, to);
  }

  @Override
  public <U> Oft<U> map(Function<? super T, ? extends U> f) {
    T last = rescale;
    return new Oft<>(f.apply(blocks), last == null ? null : f.apply(last), constraint, rotated);
  }

  @Override
  public List<T> tensors() {
    List<T> all = new ArrayList<>(List.of(blocks));
    T last = rescale;
    if (last != null) {
      all.add(last);
    }
    return List.copyOf(all);
  }

  /// What is known of the weight is the number of its outputs.
  @Override
  public Shape madeFor(Function<? super T, Shape> shapes) {
    Shape shape = shapes.apply(blocks);
    if (shape.rank() != 3 || shape.dim(1) != shape.dim(2)) {
      throw new ShapeMismatch("Diag-OFT needs blocks [n, b, b], not " + shape);
    }
    long outputs = Math.multiplyExact(shape.dim(0), shape.dim(1));
    T last = rescale;
    Rotations.requireRows(last == null ? null : shapes.apply(last), outputs);
    return Shape.of(outputs);
  }
}
