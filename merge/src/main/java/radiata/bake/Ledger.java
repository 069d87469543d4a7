package radiata.bake;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import radiata.adapter.file.AdapterFile;
import radiata.safetensors.TensorInfo;

/// What became of every tensor of one adapter: each is in exactly one class.
///
/// @param applied how many go into the base
/// @param filtered how many a component or block weight of 0 removes
/// @param ignored what every runtime, or the named one, drops
/// @param unmatched tensors of modules that the base does not have
/// @param misfit tensors that do not multiply out to their weight
/// @param unsupported tensors of algorithms we do not compute
/// @param duplicate tensors of a module that stands in the file a second time
public record Ledger(
    AdapterFile adapter,
    int applied,
    int filtered,
    List<String> ignored,
    List<String> unmatched,
    List<String> misfit,
    List<String> unsupported,
    List<String> duplicate) {

  /// Gathers the classes while a plan is made.
  static final class Draft {
    private int applied;
    private int filtered;
    final List<TensorInfo> ignored = new ArrayList<>();
    final List<TensorInfo> unmatched = new ArrayList<>();
    final List<TensorInfo> misfit = new ArrayList<>();
    final List<TensorInfo> unsupported = new ArrayList<>();
    final List<TensorInfo> duplicate = new ArrayList<>();

    void applied(int tensors) {
      applied += tensors;
    }

    void filtered(int tensors) {
      filtered += tensors;
    }

    Ledger done(AdapterFile adapter) {
      return new Ledger(
          adapter,
          applied,
          filtered,
          names(ignored),
          names(unmatched),
          names(misfit),
          names(unsupported),
          names(duplicate));
    }

    private static List<String> names(List<TensorInfo> tensors) {
      return List.copyOf(new TreeSet<>(tensors.stream().map(TensorInfo::name).toList()));
    }
  }
}
