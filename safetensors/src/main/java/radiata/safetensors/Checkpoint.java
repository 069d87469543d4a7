package radiata.safetensors;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import radiata.safetensors.SafetensorsException.Kind;

/// A model in any layout: one file, shards with an index, a diffusers folder, a Hugging Face
/// folder; its files safetensors or what `torch.save` writes. Only headers have been read. Whoever
/// opens it closes it.
///
/// A sharded model is what its index says; other weight files beside it are left alone.
public final class Checkpoint implements Closeable {
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

  private static final String CONFIG = "config.json";

  private final Path path;
  private final Layout layout;
  private final List<Part> parts;
  private final List<Path> indexes;
  private final List<Stored> tensors;
  private final List<Path> companions;

  private final Map<String, String> configs = new HashMap<>();

  private Checkpoint(Path path, Layout layout, Opened opened, List<Path> companions)
      throws IOException {
    this.path = path;
    this.layout = layout;
    this.parts = List.copyOf(opened.parts);
    this.indexes = List.copyOf(opened.indexes);
    this.companions = companions;
    List<Stored> all = new ArrayList<>();
    for (Part part : parts) {
      part.file().tensors().forEach(info -> all.add(new Stored(part, info)));
    }
    this.tensors = List.copyOf(all);
    if (layout != Layout.FILE) {
      config("", path.resolve(CONFIG));
      for (Part part : parts) {
        config(part.component(), path.resolve(part.component()).resolve(CONFIG));
      }
    }
  }

  private void config(String component, Path file) throws IOException {
    if (!configs.containsKey(component) && Files.isRegularFile(file)) {
      configs.put(component, SideFile.read(file));
    }
  }

  /// Opens a `.safetensors` or torch file, an index of shards, or a folder: one with
  /// `model_index.json`, one with an index, or one that holds a single model.
  ///
  /// @throws SafetensorsException if there is no model at `path`, several could be meant, a file is
  ///   broken, or index and shards contradict each other
  public static Checkpoint open(Path path, Limits limits) throws IOException {
    Opened opened = new Opened(limits);
    try {
      if (!Files.isDirectory(path)) {
        return openFile(path, opened);
      }
      if (Files.exists(path.resolve(ModelIndex.NAME))) {
        opened.components(path);
        return new Checkpoint(path, Layout.DIFFUSERS, opened, Companions.of(path));
      }
      Path weights =
          WeightFiles.find(path)
              .orElseThrow(() ->
                  new SafetensorsException(
                      Kind.NOT_A_FILE, path, null, "no model: the folder holds no weights"));
      boolean alone = !Files.exists(path.resolve(CONFIG)) && !isIndex(weights);
      return alone ? openFile(weights, opened) : openFolder(path, weights, opened);
    } catch (Throwable e) {
      opened.close(e);
      throw e;
    }
  }

  private static Checkpoint openFile(Path path, Opened opened) throws IOException {
    if (!isIndex(path)) {
      opened.part("", path, path.getFileName());
      return new Checkpoint(path, Layout.FILE, opened, List.of());
    }
    Path parent = path.getParent();
    Path folder = parent == null ? Path.of("") : parent;
    if (Files.exists(folder.resolve(CONFIG))) {
      return openFolder(folder, path, opened);
    }
    opened.weights("", folder, path);
    return new Checkpoint(folder, Layout.SHARDED, opened, List.of());
  }

  private static Checkpoint openFolder(Path folder, Path weights, Opened opened)
      throws IOException {
    opened.weights("", folder, weights);
    boolean configured = Files.exists(folder.resolve(CONFIG));
    Layout layout = configured ? Layout.HUGGING_FACE : Layout.SHARDED;
    return new Checkpoint(folder, layout, opened, Companions.of(folder));
  }

  private static boolean isIndex(Path path) {
    Path name = path.getFileName();
    return name != null && WeightFiles.isIndex(name.toString());
  }

  /// The single file, or the model's folder.
  public Path path() {
    return path;
  }

  public Layout layout() {
    return layout;
  }

  public List<Part> parts() {
    return parts;
  }

  /// The indexes of shards that were read, below [#path].
  public List<Path> indexes() {
    return indexes;
  }

  /// All tensors, part by part, each in the order of its bytes.
  public List<Stored> tensors() {
    return tensors;
  }

  public Optional<Stored> tensor(String component, String name) {
    for (Part part : parts) {
      Optional<TensorInfo> info =
          part.component().equals(component) ? part.file().tensor(name) : Optional.empty();
      if (info.isPresent()) {
        return Optional.of(new Stored(part, info.get()));
      }
    }
    return Optional.empty();
  }

  /// The metadata of the single file, or of the first part.
  public Map<String, String> metadata() {
    return parts.getFirst().file().metadata();
  }

  /// The folder's other files, below [#path]: configs, tokenizers, text. Empty for a single file,
  /// and for an index given by name that has no `config.json` beside it: what else lies there need
  /// not belong to the model.
  public List<Path> companions() {
    return companions;
  }

  /// The text of `config.json` of a component (`""` for the folder itself), where there is one.
  public Optional<String> config(String component) {
    return Optional.ofNullable(configs.get(component));
  }

  @Override
  public void close() throws IOException {
    IOException failed = null;
    for (Part part : parts) {
      try {
        part.file().close();
      } catch (IOException e) {
        failed = e;
      }
    }
    if (failed != null) {
      throw failed;
    }
  }

  /// The files opened so far, to be closed if the next cannot be.
  private static final class Opened {
    private final Limits limits;
    private final List<Part> parts = new ArrayList<>();
    private final List<Path> indexes = new ArrayList<>();

    Opened(Limits limits) {
      this.limits = limits;
    }

    void components(Path root) throws IOException {
      for (String component : ModelIndex.components(root.resolve(ModelIndex.NAME))) {
        Path folder = root.resolve(component);
        Optional<Path> weights =
            Files.isDirectory(folder) ? WeightFiles.find(folder) : Optional.empty();
        if (weights.isPresent()) {
          weights(component, root, weights.get());
        } else if (ModelIndex.needsWeights(component)) {
          throw ShardIndex.broken(
              root.resolve(ModelIndex.NAME),
              null,
              "component %s is listed, but there are no weights in its folder"
                  .formatted(Quoted.of(component)));
        }
      }
      if (parts.isEmpty()) {
        throw ShardIndex.broken(
            root.resolve(ModelIndex.NAME), null, "no component with weights is listed");
      }
    }

    /// Opens a single file, or all shards of an index.
    void weights(String component, Path root, Path weights) throws IOException {
      if (!isIndex(weights)) {
        part(component, weights, root.relativize(weights));
        return;
      }
      ShardIndex index = ShardIndex.read(weights);
      indexes.add(root.relativize(weights));
      for (String shard : new TreeSet<>(index.weightMap().values())) {
        Path file = weights.resolveSibling(shard);
        if (!Files.exists(file)) {
          throw ShardIndex.broken(
              weights,
              null,
              "shard " + Quoted.of(shard) + " is missing; download or copy it again");
        }
        index.require(shard, part(component, file, root.relativize(file)));
      }
    }

    TensorFile part(String component, Path file, Path relative) throws IOException {
      TensorFile opened = TensorFile.open(file, limits);
      parts.add(new Part(component, relative, opened));
      return opened;
    }

    void close(Throwable why) {
      for (Part part : parts) {
        try {
          part.file().close();
        } catch (IOException e) {
          why.addSuppressed(e);
        }
      }
    }
  }
}
