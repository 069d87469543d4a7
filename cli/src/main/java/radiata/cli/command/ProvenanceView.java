package radiata.cli.command;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import radiata.cli.report.Sizes;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.provenance.Input;
import radiata.safetensors.provenance.Provenance;
import radiata.safetensors.provenance.Recipe;

/// Shows where a file comes from, as it says itself; `verify` holds the checksums against the data.
final class ProvenanceView {
  private ProvenanceView() {}

  private static Optional<Provenance> of(Checkpoint model) {
    try {
      return Provenance.of(model.parts().getFirst().file());
    } catch (SafetensorsException e) {
      return Optional.empty();
    }
  }

  /// One line; empty where the file says nothing, or nothing that can be read.
  static String line(Checkpoint model) {
    return of(model)
        .map(provenance ->
            "radiata %s, %s of %s; %s"
                .formatted(
                    provenance.version(),
                    recipe(provenance.recipe()),
                    provenance.inputs().stream()
                        .map(ProvenanceView::input)
                        .collect(Collectors.joining(" + ")),
                    Sizes.plural(provenance.checksums().tensors(), "checksum")))
        .orElse("");
  }

  private static String recipe(Recipe recipe) {
    return recipe.settings().entrySet().stream()
        .map(entry -> entry.getKey() + " " + entry.getValue())
        .collect(Collectors.joining(", ", recipe.command() + " (", ")"));
  }

  private static String input(Input input) {
    String hash =
        input.files().stream()
            .map(source -> source.sha256().or(source::header).orElse(""))
            .findFirst()
            .orElse("");
    String strength = input.settings().getOrDefault("strength", "");
    return input.role()
        + " "
        + hash.substring(0, Math.min(10, hash.length()))
        + (strength.isEmpty() ? "" : ":" + strength);
  }

  /// The document that the file holds; empty as [#line] is.
  static Optional<JsonElement> document(Checkpoint model) {
    return of(model).map(provenance -> JsonParser.parseString(provenance.text()));
  }

  /// Metadata for a reader, who sees the provenance in a line of its own.
  static Map<String, String> without(Map<String, String> metadata) {
    Map<String, String> others = new LinkedHashMap<>(metadata);
    others.remove(Provenance.KEY);
    return others;
  }
}
