package radiata.cli.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.adapter.file.Unsupported;
import radiata.bake.Fit;
import radiata.cli.measure.Statistics;
import radiata.cli.report.Sizes;
import radiata.names.NameTable;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.TensorInfo;

/// What `verify` asks of an adapter beyond a sound container: does it make sense, and does it fit.
final class AdapterCheck {
  private static final String ALPHA = ".alpha";
  private static final Pattern MAGNITUDE =
      Pattern.compile(".*\\.(dora_scale|magnitude|lora_magnitude_vector(\\..+)?)");

  private AdapterCheck() {}

  /// The alphas among the tensors: their values are judged by [#alphas].
  static List<String> alphaNames(List<TensorInfo> tensors) {
    return tensors.stream()
        .filter(tensor -> tensor.name().endsWith(ALPHA) && tensor.shape().elements() == 1)
        .map(TensorInfo::name)
        .toList();
  }

  /// An alpha must be a finite number, unless nothing is scaled by it: LyCORIS leaves out the scale
  /// of a LoKr whose two factors are whole (`lokr_w1`, `lokr_w2`), and files of such modules carry
  /// an infinite alpha once they are stored as F16. The alpha of OFT and BOFT is a constraint, and
  /// 0 means that there is none.
  static List<Finding> alphas(Map<String, Statistics> statistics) {
    List<Finding> findings = new ArrayList<>();
    statistics.forEach((name, value) -> {
      if (name.endsWith(ALPHA) && value.elements() == 1) {
        alpha(name, value, statistics.keySet(), findings);
      }
    });
    return findings;
  }

  private static void alpha(
      String name, Statistics value, Set<String> names, List<Finding> findings) {
    String module = name.substring(0, name.length() - ALPHA.length());
    boolean unscaled = names.contains(module + ".lokr_w1") && names.contains(module + ".lokr_w2");
    boolean isConstraint =
        names.contains(module + ".oft_blocks") || names.contains(module + ".oft_diag");
    if (!value.allFinite()) {
      String what = value.nan() > 0 ? "NaN" : "infinite";
      findings.add(
          unscaled
              ? Finding.warning("alpha", "alpha is " + what + "; two whole factors need none", name)
              : Finding.error("alpha", "alpha is " + what + "; set it to the rank or less", name));
    } else if (value.min() == 0 && !unscaled && !isConstraint) {
      findings.add(
          Finding.warning(
              "alpha", "alpha is 0: the module does nothing, or counts as alpha = rank", name));
    } else if (value.min() < 0) {
      findings.add(Finding.warning("alpha", "alpha is %s, below 0".formatted(value.min()), name));
    }
  }

  /// A magnitude is the length of a vector. LyCORIS divides means instead where `norm_type` says
  /// so, and those can be below 0.
  static List<Finding> magnitudes(Map<String, Statistics> statistics) {
    List<Finding> findings = new ArrayList<>();
    statistics.forEach((name, value) -> {
      if (MAGNITUDE.matcher(name).matches() && value.min() < 0) {
        findings.add(
            Finding.warning(
                "negative-magnitude",
                "the smallest magnitude is %s; a length cannot be below 0".formatted(value.min()),
                name));
      }
    });
    return findings;
  }

  /// Modules whose tensors do not multiply, algorithms that are not computed, keys nobody knows.
  static List<Finding> modules(AdapterFile adapter) {
    List<Finding> findings = new ArrayList<>();
    adapter
        .misfits()
        .forEach(misfit ->
            findings.add(Finding.error("shape", misfit.because(), first(misfit.tensors()))));
    Set<String> algorithms = new TreeSet<>();
    adapter.unsupported().forEach(module -> algorithms.add(module.algorithm()));
    if (!algorithms.isEmpty()) {
      findings.add(
          Finding.warning(
              "unsupported",
              "%s of algorithms that are known but not computed: %s"
                  .formatted(
                      Sizes.plural(adapter.unsupported().size(), "module"),
                      String.join(", ", algorithms)),
              first(adapter.unsupported().getFirst().tensors())));
    }
    for (TensorInfo tensor : adapter.unrecognised()) {
      findings.add(Finding.warning("unrecognised", "a key that no dialect writes", tensor.name()));
    }
    return findings;
  }

  /// Modules without a place in the base, or with one of another shape.
  static List<Finding> fit(AdapterFile adapter, Checkpoint base, NameTable names) {
    Fit fit = Fit.of(base, names, adapter);
    List<Finding> findings = new ArrayList<>();
    for (Fit.Problem problem : fit.unmatched()) {
      findings.add(unmatched(problem.what(), first(problem.module())));
    }
    for (Unsupported module : adapter.unsupported()) {
      if (names.find(module.name()).isEmpty()) {
        String nearest = String.join(", ", names.nearest(module.name(), 1));
        findings.add(unmatched(nearest, first(module.tensors())));
      }
    }
    for (Fit.Problem problem : fit.misfit()) {
      findings.add(Finding.error("misfit", problem.what(), first(problem.module())));
    }
    return findings;
  }

  private static Finding unmatched(String nearest, String tensor) {
    return Finding.error(
        "unmatched",
        "its module has no place in the base"
            + (nearest.isEmpty() ? "" : "; the nearest is " + nearest),
        tensor);
  }

  private static String first(AdapterModule module) {
    return first(module.tensors());
  }

  private static String first(List<TensorInfo> tensors) {
    return tensors.getFirst().name();
  }
}
