package radiata.safetensors;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A model in any layout: one file, shards with an index, a diffusers folder, a Hugging Face
/// folder. Only headers have been read. Whoever opens it closes it.
public final class Checkpoint implements AutoCloseable {
  /// How a model lies on disk.
  public enum Layout {
    /// One file.
    FILE,
    /// Shards and their index, in a folder that may hold other files.
    SHARDED,
    /// `model_index.json` and a folder for each component.
    DIFFUSERS,
    /// `config.json` beside the weights: a Hugging Face model folder, sharded or not.
    HUGGING_FACE
  }

  /// One weight file of a model.
  ///
  /// @param component `unet`, `text_encoder`, ... in a diffusers folder, empty elsewhere
  /// @param relative its path below the model's folder
  public record Part(String component, Path relative, TensorFile file) {}

  /// A tensor and the part that holds it.
  public record Stored(Part part, TensorInfo info) {
    public String name() {
      return info.name();
    }

    public String component() {
      return part.component();
    }
  }

  private final Path path;
  private final Layout layout;
  private final List<Part> parts;
  private final List<Path> companions;

  private Checkpoint(Path path, Layout layout, List<Part> parts, List<Path> companions) {
    this.path = path;
    this.layout = layout;
    this.parts = parts;
    this.companions = companions;
  }

  public static Checkpoint open(Path path, Limits limits) throws IOException {
    Part part = new Part("", path.getFileName(), SafetensorsFile.open(path, limits));
    return new Checkpoint(path, Layout.FILE, List.of(part), List.of());
  }

  public Path path() {
    return path;
  }

  public Layout layout() {
    return layout;
  }

  public List<Part> parts() {
    return parts;
  }

  /// All tensors, part by part, each in the order of its bytes.
  public List<Stored> tensors() {
    return parts.stream()
        .flatMap(part -> part.file().tensors().stream().map(info -> new Stored(part, info)))
        .toList();
  }

  public Optional<Stored> tensor(String component, String name) {
    return parts.stream()
        .filter(part -> part.component().equals(component))
        .flatMap(part -> part.file().tensor(name).map(info -> new Stored(part, info)).stream())
        .findFirst();
  }

  /// The metadata of the single file, or of the first part.
  public Map<String, String> metadata() {
    return parts.isEmpty() ? Map.of() : parts.getFirst().file().metadata();
  }

  /// The folder's other files, below [#path]: configs, tokenizers, text. Empty for a single file.
  public List<Path> companions() {
    return companions;
  }

  /// The text of `config.json` of a component (`""` for the folder itself), where there is one.
  public Optional<String> config(String component) {
    return Optional.empty();
  }

  @Override
  public void close() throws IOException {
    for (Part part : parts) {
      part.file().close();
    }
  }
}
