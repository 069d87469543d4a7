package radiata.safetensors;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import radiata.safetensors.SafetensorsException.Kind;

/// Which file of a folder holds its weights, by the names that diffusers and transformers give
/// them: safetensors before torch files, an index before a single file, the plain before a variant
/// (`diffusion_pytorch_model.fp16.safetensors`).
final class WeightFiles {
  private static final Set<String> PLAIN_INDEXES =
      Set.of("model.safetensors.index.json", "diffusion_pytorch_model.safetensors.index.json");
  private static final Set<String> PLAIN_FILES =
      Set.of("model.safetensors", "diffusion_pytorch_model.safetensors");

  private static final Set<String> TORCH_INDEXES =
      Set.of("pytorch_model.bin.index.json", "diffusion_pytorch_model.bin.index.json");
  private static final Set<String> TORCH_FILES =
      Set.of("pytorch_model.bin", "diffusion_pytorch_model.bin");

  /// `x.safetensors.index.json`, `x.safetensors.index.fp16.json`, `x.safetensors.fp16.index.json`,
  /// and the same of `bin`.
  private static final Pattern INDEX =
      Pattern.compile(".+\\.(safetensors|bin)\\.(index|index\\.[^.]+|[^.]+\\.index)\\.json");

  private static final Pattern SHARD = Pattern.compile(".*-\\d+-of-\\d+.*\\.(safetensors|bin)");
  private static final Pattern TORCH = Pattern.compile(".*\\.(bin|pt|pth|ckpt)");

  /// What trainers leave beside the weights.
  private static final Pattern TRAINING =
      Pattern.compile("(optimizer|scheduler|scaler|rng_state|random_states|training_args).*");

  private static final Pattern WEIGHTS =
      Pattern.compile(".*\\.(safetensors|bin|pt|pth|ckpt|gguf|msgpack|h5)");

  private WeightFiles() {}

  static boolean isIndex(String name) {
    return INDEX.matcher(name).matches();
  }

  /// Whether a file is weights of any format, or an index of them.
  static boolean isWeights(String name) {
    return WEIGHTS.matcher(name).matches() || name.matches(".+\\.index(\\.[^.]+)?\\.json");
  }

  /// The index or the single file that holds the weights of `folder`; empty if no file there looks
  /// like weights.
  ///
  /// @throws SafetensorsException if several files could be meant, or only ones that cannot be read
  static Optional<Path> find(Path folder) throws IOException {
    List<String> names = names(folder);
    List<Predicate<String>> preferences =
        List.of(
            PLAIN_INDEXES::contains,
            name -> name.endsWith(".safetensors.index.json"),
            PLAIN_FILES::contains,
            name -> name.contains(".safetensors") && (isIndex(name) || single(name)),
            TORCH_INDEXES::contains,
            name -> name.endsWith(".bin.index.json"),
            TORCH_FILES::contains,
            name -> isIndex(name) || torch(name));
    for (Predicate<String> preferred : preferences) {
      List<String> found = names.stream().filter(preferred).toList();
      if (found.size() > 1) {
        throw broken(folder, "several weight files and nothing that says which: " + listed(found));
      }
      if (found.size() == 1) {
        return Optional.of(folder.resolve(found.getFirst()));
      }
    }
    if (names.isEmpty()) {
      return Optional.empty();
    }
    boolean shards = names.stream().anyMatch(name -> SHARD.matcher(name).matches());
    throw broken(
        folder,
        shards
            ? "shards without their index (model.safetensors.index.json): " + listed(names)
            : "no weights that are read, only " + listed(names) + "; convert them first");
  }

  private static boolean single(String name) {
    return name.endsWith(".safetensors") && !SHARD.matcher(name).matches();
  }

  private static boolean torch(String name) {
    return TORCH.matcher(name).matches()
        && !SHARD.matcher(name).matches()
        && !TRAINING.matcher(name).matches();
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> file.getFileName().toString())
          .filter(WeightFiles::isWeights)
          .sorted()
          .toList();
    }
  }

  private static String listed(List<String> names) {
    String first = String.join(", ", names.stream().limit(8).map(Quoted::of).toList());
    return names.size() > 8 ? first + " and " + (names.size() - 8) + " more" : first;
  }

  private static SafetensorsException broken(Path folder, String what) {
    return new SafetensorsException(Kind.BROKEN_INDEX, folder, null, what);
  }
}
