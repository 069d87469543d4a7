package radiata.adapter.file;

import java.util.List;
import java.util.OptionalDouble;
import radiata.adapter.Scale;

/// LoRA that PEFT wraps around single parameters of a module instead of the module
/// (`target_parameters`). Several parameters of one module are wrapped one around the other, and
/// the keys tell how deep a pair lies, not which parameter is meant: the first in the order of the
/// module's own code lies deepest (PEFT 0.21.2 `tuners/tuners_utils.py` `_inject_parameters`).
///
/// @param module the module that has the parameters, as the file names it, wrappers taken off
/// @param depth how many wrappers lie around this one
/// @param candidates the parameters of the module that the settings name
/// @param rootScaled whether the scale is alpha over the square root of the rank
public record Wrapped(String module, int depth, List<Candidate> candidates, boolean rootScaled) {
  /// The level that a wrapper puts into the names of what it is around.
  static final String LEVEL = ".base_layer";

  /// A parameter and its alpha; empty where the settings say none.
  public record Candidate(String parameter, OptionalDouble alpha) {}

  public Wrapped {
    candidates = List.copyOf(candidates);
  }

  /// The scale of a pair of this rank, were it for that parameter.
  public Scale scale(Candidate candidate, int rank) {
    return candidate.alpha().isEmpty()
        ? Scale.none(rank)
        : new Scale(candidate.alpha(), rootScaled ? Math.sqrt(rank) : rank);
  }
}
