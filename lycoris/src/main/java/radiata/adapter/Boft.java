package radiata.adapter;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import radiata.convention.Profile;
import radiata.safetensors.Shape;
import radiata.tensor.Algebra;
import radiata.tensor.ShapeMismatch;

/// BOFT: the output rows are turned in blocks, stage after stage, each over rows that lie further
/// apart, like the butterflies of a Fourier transform (LyCORIS 3.3.0 `modules/boft.py`). Unlike
/// Diag-OFT it applies R, not its transpose.
///
/// @param blocks `[stages, n, b, b]` with `n * b` outputs; the constraint is one norm over all of
///   them
/// @param rescale `[out, 1, ...]`; null without
/// @param constraint `alpha` of the file: the limit of the norm is this times the outputs; 0 is
///   none
public record Boft<T>(T blocks, @Nullable T rescale, double constraint) implements Adapter<T> {
  @Override
  public T bake(Site<T> at, double strength, Algebra<T> on, Profile as) {
    T weight = at.weight();
    Shape to = on.shape(weight);
    Shape shape = on.shape(blocks);
    if (shape.rank() != 4 || shape.dim(1) * shape.dim(2) != to.dim(0)) {
      throw new ShapeMismatch("blocks " + shape + " do not turn the outputs of a weight " + to);
    }
    T rotations = on.cayley(blocks, as.rotationLimit(constraint, to.dim(0)));
    double share = as.rotation() == Profile.Rotation.STRAIGHT ? 1 : strength;
    T turned = on.reshape(weight, to.matrix());
    for (int stage = 0; stage < shape.dim(0); stage++) {
      turned = stage(turned, rotations, stage, share, on);
    }
    T scaled = Rotations.rescaled(on.reshape(turned, to), rescale, to, on);
    return switch (as.rotation()) {
      case STRAIGHT, TWICE -> Rotations.towards(weight, scaled, strength, on);
      case MIXED -> scaled;
    };
  }

  /// One stage. With `h = 2^stage * b/2` the rows of each group of `2h` are brought into the order
  /// 0, h, 1, h+1, ..., turned block by block, and brought back.
  private T stage(T rows, T rotations, int stage, double share, Algebra<T> on) {
    Shape all = on.shape(rotations);
    long n = all.dim(1);
    long b = all.dim(2);
    long columns = on.shape(rows).dim(1);
    long h = (b / 2) << stage;
    if (b % 2 != 0 || (n * b) % (2 * h) != 0) {
      throw new ShapeMismatch("blocks " + all + " make no butterfly of " + n * b + " outputs");
    }
    T turn = on.reshape(on.rows(rotations, stage, 1), Shape.of(n, b, b));
    long groups = n * b / (2 * h);
    T woven = on.permute(on.reshape(rows, Shape.of(groups, 2, h, columns)), 0, 2, 1, 3);
    T flat = on.reshape(woven, Shape.of(n, b, columns));
    T turned = Rotations.towards(flat, on.batched(turn, flat), share, on);
    T back = on.permute(on.reshape(turned, Shape.of(groups, h, 2, columns)), 0, 2, 1, 3);
    return on.reshape(back, Shape.of(n * b, columns));
  }

  @Override
  public <U> Boft<U> map(Function<? super T, ? extends U> f) {
    T last = rescale;
    return new Boft<>(f.apply(blocks), last == null ? null : f.apply(last), constraint);
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
    boolean halves = shape.rank() == 4 && shape.dim(2) == shape.dim(3) && shape.dim(2) % 2 == 0;
    if (!halves || shape.dim(0) < 1 || shape.dim(0) > 31) {
      throw new ShapeMismatch("BOFT needs blocks [stages, n, b, b] with an even b, not " + shape);
    }
    if (shape.dim(1) % (1L << (shape.dim(0) - 1)) != 0) {
      throw new ShapeMismatch(
          "BOFT of %d stages needs blocks in a multiple of %d, not %d"
              .formatted(shape.dim(0), 1L << (shape.dim(0) - 1), shape.dim(1)));
    }
    long outputs = Math.multiplyExact(shape.dim(1), shape.dim(2));
    T last = rescale;
    Rotations.requireRows(last == null ? null : shapes.apply(last), outputs);
    return Shape.of(outputs);
  }
}
