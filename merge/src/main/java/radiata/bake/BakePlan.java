package radiata.bake;

import java.nio.file.Path;
import java.util.List;
import radiata.convention.Profile;
import radiata.names.Family;
import radiata.safetensors.OutputPlan;

/// A whole bake as data: nothing of it needs a byte of the base beyond its header. After a plan
/// nothing but I/O, or a NaN in the data, can fail.
///
/// @param base the model that is baked into
/// @param steps one for every tensor of the base, in the order of the output
/// @param ledgers one for every adapter, in order
/// @param warnings what the user should know, a sentence each
/// @param skipped modules that the runtime leaves out although they have a place
/// @param derivation what the output will say of where it comes from
/// @param hashes whether the output's metadata have room for hashes of its data
public record BakePlan(
    Path base,
    Family family,
    Profile profile,
    List<Step> steps,
    List<Ledger> ledgers,
    List<String> warnings,
    List<Skipped> skipped,
    Derivation derivation,
    boolean hashes,
    OutputPlan output) {

  public BakePlan {
    steps = List.copyOf(steps);
    ledgers = List.copyOf(ledgers);
    warnings = List.copyOf(warnings);
    skipped = List.copyOf(skipped);
  }

  public long changed() {
    return steps.stream().filter(step -> step instanceof Step.Change).count();
  }

  /// Bytes of the weight files of the output, headers included.
  public long outputBytes() {
    return output.files().stream().mapToLong(file -> file.header().fileBytes()).sum();
  }

  /// The most memory the bake will hold with that many workers, the Java machine included.
  public long peakBytes(int threads) {
    return Memory.peak(this, threads);
  }
}
