package radiata.safetensors.provenance;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.safetensors.Checksums;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.TensorFile;

/// Where an output comes from. It holds no clock, host, path or file name, so that the same job
/// gives the same bytes everywhere.
///
/// @param version of the program that wrote the file
/// @param recipe what was done
/// @param inputs to what, in the order in which it went in
/// @param checksums of the tensors of the file that holds this, in the order of their bytes
public record Provenance(String version, Recipe recipe, List<Input> inputs, Checksums checksums) {
  /// The key of the metadata that holds it.
  public static final String KEY = "radiata";

  public Provenance {
    inputs = List.copyOf(inputs);
  }

  /// Of this program; its checksums are still to come.
  public Provenance(Recipe recipe, List<Input> inputs) {
    this(ProgramVersion.number(), recipe, inputs, Checksums.unknown(0));
  }

  /// What a file says of itself; empty where it says nothing.
  ///
  /// @throws SafetensorsException if the text under [#KEY] is not exactly what [#text] writes
  public static Optional<Provenance> of(TensorFile file) {
    String text = file.metadata().get(KEY);
    return text == null ? Optional.empty() : Optional.of(ProvenanceText.parse(file.path(), text));
  }

  /// Compact JSON, keys in a fixed order: the same for the same provenance.
  public String text() {
    return ProvenanceText.write(this);
  }

  public Provenance with(Checksums sums) {
    return new Provenance(version, recipe, inputs, sums);
  }

  public Provenance with(List<Input> other) {
    return new Provenance(version, recipe, other, checksums);
  }

  /// Whether both tell of the same work on the same inputs. Versions may differ; a hash that only
  /// one of them has is not compared.
  public boolean sameJob(Provenance other) {
    return recipe.equals(other.recipe) && SameInputs.test(inputs, other.inputs);
  }

  /// Metadata with this in them.
  public Map<String, String> in(Map<String, String> metadata) {
    Map<String, String> all = new LinkedHashMap<>(metadata);
    all.put(KEY, text());
    return all;
  }
}
