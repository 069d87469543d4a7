package radiata.safetensors.provenance;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import radiata.safetensors.Checkpoint;

/// A model or adapter that went into an output.
///
/// @param role `base`, `adapter`, ...
/// @param settings what was asked of this input alone: `strength`, ...
/// @param files its files, in the order in which they were read; known by content, never by name
public record Input(String role, SortedMap<String, String> settings, List<Source> files) {
  public Input {
    settings = Collections.unmodifiableSortedMap(new TreeMap<>(settings));
    files = List.copyOf(files);
  }

  public Input(String role, Map<String, String> settings, List<Source> files) {
    this(role, new TreeMap<>(settings), files);
  }

  /// A model, its files known by their headers and lengths.
  public static Input byHeader(String role, Checkpoint model) throws IOException {
    List<Source> files = new ArrayList<>();
    for (Checkpoint.Part part : model.parts()) {
      files.add(Source.byHeader(part.file()));
    }
    return new Input(role, Map.of(), files);
  }
}
