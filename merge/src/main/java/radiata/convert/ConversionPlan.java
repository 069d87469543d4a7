package radiata.convert;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import radiata.names.Family;
import radiata.safetensors.OutputPlan;
import radiata.safetensors.provenance.Provenance;

/// A whole conversion as data. After a plan nothing but I/O can fail.
///
/// @param input the model that is converted
/// @param family the model's family, where the layout had to be known
/// @param steps one for every tensor of the output, in its order
/// @param dropped the tensors of the input that the output does not have, each with its component
///   (`text_encoder/name`), in the order of the input
/// @param added the tensors of the output that come from no tensor of the input of that name
/// @param warnings what the user should know, a sentence each; all that is dropped, added or
///   assumed is in them
/// @param provenance what every file of the output will say; its checksums are still to come
public record ConversionPlan(
    Path input,
    Optional<Family> family,
    List<ConversionStep> steps,
    List<String> dropped,
    List<String> added,
    List<String> warnings,
    Provenance provenance,
    OutputPlan output) {
  public ConversionPlan {
    steps = List.copyOf(steps);
    dropped = List.copyOf(dropped);
    added = List.copyOf(added);
    warnings = List.copyOf(warnings);
  }

  /// Bytes of the weight files of the output, headers included.
  public long outputBytes() {
    return output.files().stream().mapToLong(file -> file.header().fileBytes()).sum();
  }

  /// Tensors whose numbers are stored in another dtype than in the input.
  public long converted() {
    return steps.stream().filter(step -> !step.sameDtype()).count();
  }
}
