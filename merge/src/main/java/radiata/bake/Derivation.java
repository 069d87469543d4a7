package radiata.bake;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import radiata.names.BlockWeights;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.provenance.Input;
import radiata.safetensors.provenance.Provenance;
import radiata.safetensors.provenance.Recipe;
import radiata.safetensors.provenance.Source;

/// What a bake will say of where its output comes from, and the files that have to be read for it.
///
/// @param planned with room for what is not known yet: sha256 of files, checksums
/// @param paths for every input the places of its files
public record Derivation(Provenance planned, List<List<Path>> paths) {
  public Derivation {
    paths = paths.stream().map(List::copyOf).toList();
  }

  static Derivation of(Checkpoint base, BakeRequest request, @Nullable BlockWeights blocks)
      throws IOException {
    List<Input> inputs = new ArrayList<>();
    List<List<Path>> paths = new ArrayList<>();
    Input model = Input.byHeader("base", base);
    inputs.add(
        request.writing().hashes()
            ? new Input(
                model.role(),
                model.settings(),
                model.files().stream().map(Source::withRoom).toList())
            : model);
    paths.add(base.parts().stream().map(part -> part.file().path()).toList());
    for (BakeRequest.Use use : request.adapters()) {
      List<Path> files = new ArrayList<>(List.of(use.file().path()));
      use.file().config().ifPresent(files::add);
      List<Source> sources = new ArrayList<>();
      for (Path file : files) {
        sources.add(Source.byContent(file));
      }
      inputs.add(new Input("adapter", settings(use), sources));
      paths.add(files);
    }
    return new Derivation(new Provenance(recipe(request, blocks), inputs), paths);
  }

  private static Map<String, String> settings(BakeRequest.Use use) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("strength", Recipe.number(use.strength()));
    use.file().adapterName().ifPresent(name -> settings.put("adapter-name", name));
    return settings;
  }

  /// Everything that bears on the tensors; what has no effect is left out.
  private static Recipe recipe(BakeRequest request, @Nullable BlockWeights blocks) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("runtime", request.profile().id());
    settings.put("dtype", DtypeNames.of(request.dtype()));
    number(settings, "unet", request.unet());
    number(settings, "te", request.textEncoder());
    if (blocks != null && blocks.weights().stream().anyMatch(weight -> weight != 1)) {
      settings.put(
          "blocks", String.join(",", blocks.weights().stream().map(Recipe::number).toList()));
    }
    request
        .writing()
        .seed()
        .ifPresent(seed -> {
          settings.put("rounding", "stochastic");
          settings.put("seed", Long.toString(seed));
        });
    if (request.allowUnmatched()) {
      settings.put("allow-unmatched", "true");
    }
    return new Recipe("bake", settings);
  }

  private static void number(Map<String, String> settings, String name, double value) {
    if (value != 1) {
      settings.put(name, Recipe.number(value));
    }
  }

  /// The files whose sha256 is to be taken, each once.
  public List<Path> wanted() {
    List<Path> wanted = new ArrayList<>();
    each((source, path) -> {
      if (source.wanting() && !wanted.contains(path)) {
        wanted.add(path);
      }
      return source;
    });
    return wanted;
  }

  /// The provenance with the sha256 of every file that is [#wanted]; checksums are still to come.
  public Provenance with(Map<Path, String> sha256) {
    return planned.with(
        each((source, path) -> {
          String hash = sha256.get(path);
          return source.wanting() && hash != null ? source.with(hash) : source;
        }));
  }

  private interface Step {
    Source of(Source source, Path path);
  }

  private List<Input> each(Step step) {
    List<Input> inputs = new ArrayList<>();
    for (int i = 0; i < paths.size(); i++) {
      Input input = planned.inputs().get(i);
      List<Source> files = new ArrayList<>();
      for (int f = 0; f < paths.get(i).size(); f++) {
        files.add(step.of(input.files().get(f), paths.get(i).get(f)));
      }
      inputs.add(new Input(input.role(), input.settings(), files));
    }
    return inputs;
  }
}
