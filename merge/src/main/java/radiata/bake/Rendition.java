package radiata.bake;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.names.Rows;
import radiata.pipeline.Budget;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.provenance.Recipe;

/// What one runtime makes of one adapter in one base, tensor by tensor and in memory alone: the
/// bytes that a bake would write, or the numbers behind them.
public final class Rendition {
  /// Stands for an output: only its form is looked at, a folder where the base is one.
  private static final Path NOWHERE = Path.of("nowhere");

  private final Profile profile;
  private final BakePlan plan;

  private Rendition(Profile profile, BakePlan plan) {
    this.profile = profile;
    this.plan = plan;
  }

  /// Plans it, from headers alone.
  ///
  /// @throws BakeException if the runtime refuses the file, or the adapter does not belong to this
  ///   base
  public static Rendition of(
      Checkpoint base,
      AdapterFile adapter,
      double strength,
      Profile profile,
      boolean allowUnmatched)
      throws IOException {
    if (profile.onlyStrength().isPresent() && profile.onlyStrength().getAsDouble() != strength) {
      throw new BakeException(
          adapter.path(),
          null,
          "%s knows strength %s only"
              .formatted(profile.id(), Recipe.number(profile.onlyStrength().getAsDouble())));
    }
    BakeRequest request =
        new BakeRequest(
            List.of(new BakeRequest.Use(adapter, strength)),
            profile,
            Optional.empty(),
            1,
            1,
            null,
            allowUnmatched);
    return new Rendition(profile, Planner.plan(base, request, NOWHERE));
  }

  public Profile profile() {
    return profile;
  }

  /// The modules that the runtime leaves out.
  public List<Skipped> skipped() {
    return plan.skipped();
  }

  /// What became of the adapter's tensors.
  public Ledger ledger() {
    return plan.ledgers().getFirst();
  }

  /// The tensors that the adapter changes, in the order of the output.
  public List<Step.Change> changes() {
    return plan.steps().stream()
        .filter(Step.Change.class::isInstance)
        .map(Step.Change.class::cast)
        .toList();
  }

  /// Computes one of [#changes].
  ///
  /// @param into takes the new tensor in its [#form]
  /// @throws BakeException if a value becomes NaN
  public void bake(Step.Change change, MemorySegment into) throws IOException {
    Numbers numbers = Numbers.of(change, profile);
    Sink sink = (offset, bytes) -> MemorySegment.copy(bytes, 0, into, offset, bytes.byteSize());
    boolean fused = FusedBake.suits(numbers.change(), profile);
    Survival _ = Variant.alone(numbers.change(), profile, fused, numbers.source(), sink);
  }

  /// In which dtype a changed tensor is given: its own, or doubles for a weight in scaled fp8,
  /// whose codes mean nothing without their scale.
  public static TensorInfo form(Step.Change change) {
    return CodedBake.needed(change)
        ? CodedBake.numbers(change.target(), DType.F64)
        : change.target();
  }

  /// The base's tensor, before it is changed.
  ///
  /// @param into takes it in its [#form]
  public static void base(Step.Change change, MemorySegment into) throws IOException {
    Numbers.of(change, Profiles.EXACT).source().read(0, into);
  }

  /// Bytes that [#bake] holds while it runs, `into` not counted.
  public long cost(Step.Change change) throws IOException {
    return Memory.cost(Numbers.of(change, profile).change(), profile);
  }

  /// What workers that bake in memory may hold together.
  public static Budget budget() {
    return new Budget(Memory.BUDGET);
  }

  /// The rows of a changed tensor that are a module's: runs of its first dimension.
  ///
  /// @param applied one of the change's
  public static List<Rows> rows(Step.Change change, Applied applied) {
    Rows all = new Rows(0, change.target().shape().matrix().dim(0));
    return applied.pieces().isEmpty()
        ? List.of(Objects.requireNonNullElse(applied.target().rows(), all))
        : applied.pieces().stream()
            .filter(piece -> piece.stored().equals(change.source()))
            .map(piece -> Objects.requireNonNullElse(piece.target().rows(), all))
            .toList();
  }
}
