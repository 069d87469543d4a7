package radiata.bake;

import java.util.List;
import java.util.Optional;
import radiata.adapter.Adapter;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.names.Rows;
import radiata.names.Target;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.tensor.ShapeMismatch;
import radiata.tensor.Shapes;

/// One module of one adapter at its place in the base, or at one of its places.
///
/// @param adapter what the runtime reads of the module
/// @param target its rows in the base's tensor, and which of the module's own rows those are
/// @param whole the shape of the module's whole weight as the adapter sees it
/// @param view the shape of what stands at `target`: the same for a module in one place
/// @param strength the user's, times those of component and block
/// @param padded whether the base's weight is padded with zeros to `whole` first
/// @param pieces where a module that is in several places, and whose rows depend on each other, has
///   to be put together first: all its places, in the order of its rows; empty otherwise
public record Applied(
    AdapterFile file,
    AdapterModule module,
    Adapter<TensorInfo> adapter,
    Target target,
    Shape whole,
    Shape view,
    double strength,
    boolean padded,
    List<Piece> pieces) {

  /// One place of a module, and the tensor it is in.
  record Piece(Stored stored, Target target) {}

  public Applied {
    pieces = List.copyOf(pieces);
  }

  /// The view of a target in a base tensor of this shape.
  static Shape view(Target target, Shape stored) {
    Shape rows = stored;
    Rows run = target.rows();
    if (run != null) {
      if (stored.rank() == 0 || run.end() > stored.dim(0)) {
        throw new ShapeMismatch(
            "rows " + run.start() + " to " + run.end() + " of a weight " + stored);
      }
      rows = withRows(stored, run.count());
    }
    return target.transposed() ? Shapes.ALGEBRA.permute(rows, 1, 0) : rows;
  }

  /// The shape of a module put together from pieces.
  static Shape whole(List<Piece> pieces) {
    long rows = 0;
    Shape first = view(pieces.getFirst().target(), pieces.getFirst().stored().info().shape());
    for (Piece piece : pieces) {
      Shape view = view(piece.target(), piece.stored().info().shape());
      if (view.rank() == 0 || !withRows(view, 1).equals(withRows(first, 1))) {
        throw new ShapeMismatch(
            "%s is %s where %s is %s: they are one module to the adapter"
                .formatted(
                    piece.target().tensor(), view, pieces.getFirst().target().tensor(), first));
      }
      rows += view.dim(0);
    }
    return pieces.size() == 1 ? first : withRows(first, rows);
  }

  private static Shape withRows(Shape shape, long rows) {
    long[] dims = shape.dims();
    if (dims.length == 0) {
      throw new ShapeMismatch("a scalar has no rows");
    }
    dims[0] = rows;
    return Shape.of(dims);
  }

  /// The same over a tensor that stands for another.
  Applied over(Stored stored, Stored instead) {
    List<Piece> others =
        pieces.stream()
            .map(p -> p.stored().equals(stored) ? new Piece(instead, p.target()) : p)
            .toList();
    return new Applied(file, module, adapter, target, whole, view, strength, padded, others);
  }

  /// The shape that the base's weight is padded to first; empty where it keeps its own.
  Optional<Shape> grown() {
    return padded ? Optional.of(whole) : Optional.empty();
  }

  /// Whether the adapter is cut to the rows at its place.
  boolean cut() {
    return target.of() != null && pieces.isEmpty();
  }

  /// Whether the weight at its place is all that the adapter needs, as it is stored.
  boolean alone() {
    return target.rows() == null && !target.transposed() && pieces.isEmpty();
  }

  /// The same at another strength.
  Applied at(double other) {
    return new Applied(file, module, adapter, target, whole, view, other, padded, pieces);
  }

  List<TensorInfo> tensors() {
    return adapter.tensors();
  }
}
