package radiata.bake;

import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import radiata.adapter.Adapter;
import radiata.adapter.Additive;
import radiata.adapter.Dora;
import radiata.adapter.Site;
import radiata.convention.Profiles;
import radiata.names.Rows;
import radiata.safetensors.Checkpoint.Stored;
import radiata.tensor.DoubleTensor;
import radiata.tensor.Doubles;

/// A DoRA module at its place, before the magnitude acts: of all its rows, or of those that are
/// there.
///
/// @param dora the module, cut to the rows
/// @param rows which of the module's outputs these are
/// @param weight W, `[out, in, k...]`
/// @param moved V = W + delta
public record Decomposed(
    Dora<DoubleTensor> dora, Rows rows, DoubleTensor weight, DoubleTensor moved) {

  /// Loads a module and the weight it is for.
  ///
  /// @param applied one of the change's, under the definition
  /// @param on the memory that the result lives in
  /// @return empty for a module without DoRA, and for one over a rotation
  /// @throws BakeException if the adapter's data hold NaN
  public static Optional<Decomposed> of(Step.Change change, Applied applied, Doubles on)
      throws IOException {
    if (!(applied.adapter() instanceof Dora<?> any && any.inner() instanceof Additive<?>)) {
      return Optional.empty();
    }
    Adapter<DoubleTensor> here = RowBlocks.at(applied, AdapterTensors.load(applied, on), on);
    if (!(here instanceof Dora<DoubleTensor> dora)) {
      throw new IllegalStateException(applied.module().name());
    }
    Numbers numbers = Numbers.of(change, Profiles.EXACT);
    Stored source = numbers.change().source();
    Applied there = applied.over(change.source(), source);
    DoubleTensor weight =
        FormulaBake.view(
            Pieces.read(
                numbers.change().target().shape(), source.info().dtype(), numbers.source(), on),
            source,
            there,
            on);
    Site<DoubleTensor> site = new Site<>(weight, weight, source.info().dtype());
    DoubleTensor moved = dora.inner().bake(site, 1, on, Profiles.EXACT);
    Rows all = new Rows(0, weight.shape().dim(0));
    Rows rows = applied.cut() ? Objects.requireNonNullElse(applied.target().of(), all) : all;
    return Optional.of(new Decomposed(dora, rows, weight, moved));
  }
}
