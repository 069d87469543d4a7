package radiata.batch;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import radiata.bake.BakeRequest;
import radiata.convention.Profile;
import radiata.safetensors.DType;

/// A bake.
///
/// @param adapters in the order in which they are baked
public record BakeJob(
    int number,
    String place,
    Path base,
    List<Use> adapters,
    Options options,
    Path output,
    String name)
    implements Job {
  /// An adapter and its strength.
  public record Use(Path adapter, double strength) {}

  /// What `radiata bake` takes under the same names.
  ///
  /// @param dtype empty keeps that of each tensor
  /// @param blocks block weights as written; null for none
  /// @param adapterName which of several named adapters of a PEFT file; null for the only one
  /// @param writing hashes, a date, and how is rounded to fp8
  /// @param verify whether all is computed once more and held against the finished output
  /// @param force whether an output that this job did not make is replaced
  public record Options(
      Profile profile,
      Optional<DType> dtype,
      double unet,
      double textEncoder,
      @Nullable String blocks,
      @Nullable String adapterName,
      boolean allowUnmatched,
      BakeRequest.Writing writing,
      boolean verify,
      boolean force) {}

  public BakeJob {
    adapters = List.copyOf(adapters);
  }

  @Override
  public Path reads() {
    return base;
  }

  /// The strength that all adapters have; empty if they differ.
  public OptionalDouble strength() {
    double first = adapters.getFirst().strength();
    return adapters.stream().allMatch(use -> use.strength() == first)
        ? OptionalDouble.of(first)
        : OptionalDouble.empty();
  }
}
