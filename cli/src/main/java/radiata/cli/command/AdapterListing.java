package radiata.cli.command;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import radiata.adapter.file.AdapterFile;
import radiata.cli.report.Json;
import radiata.cli.report.Sizes;
import radiata.names.Family;
import radiata.names.NameTable;
import radiata.names.NamingException;
import radiata.safetensors.TensorInfo;

/// What `inspect` says of an adapter.
///
/// @param targets the tensor that each module changes, by the module's name; a module without a
///   place is not in it
/// @param because why we think so, and what else was noticed
record AdapterListing(
    String dialect,
    String writer,
    Family family,
    List<ListedModule> modules,
    Map<String, String> targets,
    List<String> unrecognised,
    List<String> because) {
  /// @param base the names of the base it is meant for; null to take the family's own checkpoint
  static AdapterListing of(AdapterFile file, @Nullable NameTable base) {
    List<ListedModule> modules =
        Stream.of(
                file.modules().stream().map(ListedModule::of),
                file.unsupported().stream().map(ListedModule::of),
                file.misfits().stream().map(ListedModule::of))
            .flatMap(listed -> listed)
            .toList();
    Family guessed = file.family();
    Family family = guessed == Family.GENERIC && base != null ? base.family() : guessed;
    List<String> because = new ArrayList<>(file.because());
    file.misfits()
        .forEach(misfit -> because.add("%s: %s".formatted(misfit.name(), misfit.because())));
    if (!file.ignored().isEmpty()) {
      because.add(
          "%s that no runtime applies, %s the first"
              .formatted(
                  Sizes.plural(file.ignored().size(), "tensor"), file.ignored().getFirst().name()));
    }
    Map<String, String> targets =
        targets(modules, base == null ? NameTable.of(family) : base, because);
    return new AdapterListing(
        file.dialect().id(),
        file.writer(),
        family,
        modules,
        targets,
        file.unrecognised().stream().map(TensorInfo::name).toList(),
        because);
  }

  private static Map<String, String> targets(
      List<ListedModule> modules, NameTable table, List<String> because) {
    Map<String, String> targets = new LinkedHashMap<>();
    for (ListedModule module : modules) {
      try {
        table
            .find(module.name())
            .flatMap(located -> module.bias() ? located.biasPlace() : Optional.of(located.place()))
            .ifPresent(place -> targets.put(module.key(), place));
      } catch (NamingException e) {
        because.add(String.valueOf(e.getMessage()));
      }
    }
    return targets;
  }

  JsonObject document() {
    JsonObject adapter = new JsonObject();
    adapter.addProperty("dialect", dialect);
    adapter.addProperty("family", family.id());
    adapter.addProperty("writer", writer);
    adapter.add("because", Json.texts(because));
    adapter.add(
        "modules", Json.array(modules, module -> module.document(targets.get(module.key()))));
    adapter.add("unrecognised", Json.texts(unrecognised));
    return adapter;
  }
}
