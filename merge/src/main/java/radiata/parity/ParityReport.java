package radiata.parity;

import java.util.List;

/// What every runtime makes of an adapter.
///
/// @param runtimes all but the definition, in the order of [Profiles][radiata.convention.Profiles]
/// @param modules in the order of the adapter's file
/// @param unmatched tensors of the adapter without a place in the base
public record ParityReport(
    List<RuntimeParity> runtimes,
    List<ModuleParity> modules,
    List<String> unmatched,
    double strength) {
  public ParityReport {
    runtimes = List.copyOf(runtimes);
    modules = List.copyOf(modules);
    unmatched = List.copyOf(unmatched);
  }
}
