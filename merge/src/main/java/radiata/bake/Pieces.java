package radiata.bake;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import radiata.names.Rows;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.safetensors.convert.Widen;
import radiata.tensor.DoubleTensor;
import radiata.tensor.Doubles;

/// Puts the weight of a module together that is in several places, and takes it apart again.
final class Pieces {
  private Pieces() {}

  /// The whole weight. What is not in the tensor that is changed comes from the base's others,
  /// which no earlier adapter changes (see [Planner]).
  ///
  /// @param weight the tensor that is changed, as it is by now
  /// @param source which tensor of the base that is
  static DoubleTensor together(DoubleTensor weight, Stored source, Applied applied, Doubles on)
      throws IOException {
    DoubleTensor whole = on.empty(applied.whole());
    for (Applied.Piece piece : applied.pieces()) {
      DoubleTensor tensor = piece.stored().equals(source) ? weight : read(piece.stored(), on);
      Rows of = of(piece);
      whole
          .rows(of.start(), of.count())
          .data()
          .copyFrom(tensor.rows(start(piece), of.count()).data());
    }
    return whole;
  }

  /// The changed tensor, from the whole module's new weight.
  static DoubleTensor apart(
      DoubleTensor whole, DoubleTensor weight, Stored source, Applied applied, Doubles on) {
    DoubleTensor changed = weight;
    for (Applied.Piece piece : applied.pieces()) {
      if (piece.stored().equals(source)) {
        Rows of = of(piece);
        changed = replace(changed, start(piece), whole, of.start(), of.count(), on);
      }
    }
    return changed;
  }

  /// A weight with `count` rows of another from `at` on.
  static DoubleTensor replace(
      DoubleTensor weight, long at, DoubleTensor by, long from, long count, Doubles on) {
    DoubleTensor whole = on.empty(weight.shape());
    MemorySegment.copy(weight.data(), 0, whole.data(), 0, weight.data().byteSize());
    whole.rows(at, count).data().copyFrom(by.rows(from, count).data());
    return whole;
  }

  private static DoubleTensor read(Stored stored, Doubles on) throws IOException {
    Source source = (offset, into) -> stored.part().file().read(stored.info(), offset, into);
    return read(stored.info().shape(), stored.info().dtype(), source, on);
  }

  /// A whole tensor.
  static DoubleTensor read(Shape shape, DType dtype, Source source, Doubles on) throws IOException {
    DoubleTensor tensor = on.empty(shape);
    try (Arena arena = Arena.ofConfined()) {
      long length = shape.elements() * dtype.bytes();
      MemorySegment bytes = arena.allocate(Math.max(1, length)).asSlice(0, length);
      source.read(0, bytes);
      Widen.toDoubles(bytes, 0, dtype, tensor.data(), 0, shape.elements());
    }
    return tensor;
  }

  private static long start(Applied.Piece piece) {
    Rows rows = piece.target().rows();
    return rows == null ? 0 : rows.start();
  }

  private static Rows of(Applied.Piece piece) {
    return Objects.requireNonNull(piece.target().of(), "a piece says which rows it is");
  }
}
