package radiata.bake;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.convention.Profiles;
import radiata.names.Located;
import radiata.names.NameTable;
import radiata.safetensors.Checkpoint;

/// How the modules of an adapter that can be read fit a base, from headers alone.
///
/// @param unmatched modules that have no place in the base; what is said of each is the nearest
///   name that has one, or nothing
/// @param misfit modules whose place has another shape, or is taken already, and why
public record Fit(List<Problem> unmatched, List<Problem> misfit) {
  /// What is wrong with one module.
  public record Problem(AdapterModule module, String what) {}

  /// Looks up every module.
  ///
  /// @throws BakeException if a module's name is broken or its weight is quantised
  public static Fit of(Checkpoint base, NameTable names, AdapterFile adapter) {
    Placement placement = new Placement(base, names, Profiles.EXACT, adapter);
    placement.place(
        new Placement.Strengths() {
          @Override
          public double of(Located module) {
            return 1;
          }

          @Override
          public boolean removes(Located module) {
            return false;
          }
        });
    Set<String> homeless = new HashSet<>(placement.ledger().unmatched());
    List<Problem> unmatched = new ArrayList<>();
    List<Problem> misfit = new ArrayList<>();
    for (AdapterModule module : placement.modules()) {
      if (homeless.contains(module.tensors().getFirst().name())) {
        unmatched.add(new Problem(module, String.join(", ", names.nearest(module.name(), 1))));
      }
      String said = module.name() + ": ";
      placement.problems().stream()
          .filter(problem -> problem.startsWith(said))
          .forEach(problem -> misfit.add(new Problem(module, problem.substring(said.length()))));
    }
    return new Fit(unmatched, misfit);
  }
}
