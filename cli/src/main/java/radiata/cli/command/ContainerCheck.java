package radiata.cli.command;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import radiata.cli.measure.Statistics;
import radiata.cli.report.Progress;
import radiata.cli.report.Sizes;
import radiata.pipeline.Workers;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.torch.TorchFile;

/// What `verify` asks of any file of tensors, whatever they are for. That the container is sound
/// has been found out by opening it.
final class ContainerCheck {
  private static final int DATA_ALIGNMENT = 8;

  /// Names that would leave a folder, or that Windows cannot have, if tensors were written to files
  /// of their names.
  private static final Pattern UNSAFE =
      Pattern.compile(
          "(.*[/\\\\])?\\.\\.([/\\\\].*)?|[/\\\\].*|[A-Za-z]:.*|(?i:con|prn|aux|nul|com[1-9]|lpt[1-9])(\\..*)?");

  private ContainerCheck() {}

  static List<Finding> names(Checkpoint model) {
    List<Finding> findings = new ArrayList<>();
    for (Stored stored : model.tensors()) {
      String name = stored.name();
      if (UNSAFE.matcher(name).matches()) {
        findings.add(
            Finding.warning("unsafe-name", "a name that reads as a path out of a folder", name));
      } else if (name.isEmpty() || name.codePoints().anyMatch(Character::isISOControl)) {
        findings.add(
            Finding.warning("odd-name", "an empty name, or one with control characters", name));
      }
    }
    return findings;
  }

  /// Damaged data of torch files, whose archives have checksums, and what they hold beside tensors.
  static List<Finding> torch(Checkpoint model) throws IOException {
    List<Finding> findings = new ArrayList<>();
    for (Checkpoint.Part part : model.parts()) {
      if (part.file() instanceof TorchFile file) {
        file.damage().forEach(what -> findings.add(Finding.error("checksum", what, null)));
        List<String> leftOut = file.leftOut();
        if (!leftOut.isEmpty()) {
          findings.add(
              Finding.warning(
                  "left-out",
                  "%s beside the tensors left out, such as %s"
                      .formatted(Sizes.plural(leftOut.size(), "value"), leftOut.getFirst()),
                  null));
        }
      }
    }
    return findings;
  }

  static List<Finding> alignment(Checkpoint model) {
    List<Finding> findings = new ArrayList<>();
    for (Checkpoint.Part part : model.parts()) {
      if (part.file() instanceof SafetensorsFile file) {
        alignment(file, findings);
      }
    }
    return findings;
  }

  private static void alignment(SafetensorsFile file, List<Finding> findings) {
    if (file.dataStart() % DATA_ALIGNMENT != 0) {
      findings.add(
          Finding.warning(
              "odd-offset",
              "the data begin at byte %d, which is no multiple of %d; some readers copy such files slowly"
                  .formatted(file.dataStart(), DATA_ALIGNMENT),
              null));
    }
    List<TensorInfo> odd =
        file.tensors().stream()
            .filter(tensor -> tensor.dtype().bits() > 8)
            .filter(tensor -> tensor.begin() % tensor.dtype().bytes() != 0)
            .toList();
    if (!odd.isEmpty()) {
      TensorInfo first = odd.getFirst();
      findings.add(
          Finding.warning(
              "odd-offset",
              "%s not at a multiple of the element size; the first at byte %d of the data"
                  .formatted(Sizes.plural(odd.size(), "tensor"), first.begin()),
              first.name()));
    }
  }

  /// What reading all data told.
  ///
  /// @param statistics those of every tensor that holds numbers, by label, in order
  /// @param changed tensors that are not what was written
  record Measured(Map<String, Statistics> statistics, List<Finding> changed) {}

  private record One(Optional<Statistics> statistics, Optional<Finding> changed) {}

  /// Reads everything, each tensor for its statistics and, while it is at hand, for its checksum.
  static Measured measure(
      Checkpoint model, ProvenanceCheck provenance, int threads, Progress progress)
      throws IOException {
    List<One> measured =
        Workers.map(
            model.tensors(),
            threads,
            stored -> {
              One one =
                  new One(
                      Statistics.of(stored.part().file(), stored.info()),
                      provenance.changed(stored));
              progress.add(stored.info().bytes());
              return one;
            });
    Map<String, Statistics> statistics = new LinkedHashMap<>();
    List<Finding> changed = new ArrayList<>();
    for (int i = 0; i < measured.size(); i++) {
      String label = Models.label(model.tensors().get(i));
      measured.get(i).statistics().ifPresent(of -> statistics.put(label, of));
      measured.get(i).changed().ifPresent(changed::add);
    }
    return new Measured(statistics, changed);
  }

  /// NaN and infinities.
  static List<Finding> values(Map<String, Statistics> statistics) {
    List<Finding> findings = new ArrayList<>();
    statistics.forEach((label, of) -> findings.addAll(values(label, of)));
    return findings;
  }

  private static List<Finding> values(String label, Statistics statistics) {
    List<Finding> findings = new ArrayList<>();
    if (statistics.nan() > 0) {
      findings.add(Finding.error("nan", count(statistics.nan(), statistics, "NaN"), label));
    }
    if (statistics.infinite() > 0) {
      findings.add(
          Finding.error("infinity", count(statistics.infinite(), statistics, "infinite"), label));
    }
    return findings;
  }

  private static String count(long found, Statistics statistics, String what) {
    return "%d of %s %s %s"
        .formatted(
            found, Sizes.plural(statistics.elements(), "element"), found == 1 ? "is" : "are", what);
  }
}
