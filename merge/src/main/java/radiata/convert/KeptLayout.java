package radiata.convert;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import radiata.convert.folder.TorchNames;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Layout;
import radiata.safetensors.Checkpoint.Part;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.OutputPlan;
import radiata.safetensors.OutputPlan.Companion;
import radiata.safetensors.OutputPlan.GeneratedFile;
import radiata.safetensors.Shards;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.provenance.Provenance;

/// An output with the names and components of its input: the files of the input under names of
/// safetensors files, one file, or other shards.
final class KeptLayout {
  private static final Pattern TORCH = Pattern.compile("\\.(bin|pt|pth|ckpt)(?=$|\\.)");
  private static final Pattern TORCH_STEM = Pattern.compile("^pytorch_model");
  private static final Pattern DTYPE =
      Pattern.compile("(\"(?:torch_)?dtype\"\\s*:\\s*)\"[A-Za-z0-9_]+\"");

  private final Checkpoint input;
  private final ConversionRequest request;
  private final OutputFiles files;

  private KeptLayout(Checkpoint input, ConversionRequest request, Provenance provenance) {
    this.input = input;
    this.request = request;
    this.files = new OutputFiles(provenance, request);
  }

  static ConversionPlan plan(
      Checkpoint input, ConversionRequest request, Provenance provenance, Path output) {
    KeptLayout kept = new KeptLayout(input, request, provenance);
    boolean safetensors = String.valueOf(output.getFileName()).endsWith(".safetensors");
    if (safetensors && request.maxShardBytes().isPresent()) {
      throw new ConversionException(
          output, null, "shards and their index need a folder; name one, not a .safetensors file");
    }
    if (safetensors && input.layout() == Layout.DIFFUSERS) {
      throw new ConversionException(
          output,
          null,
          "the input is a diffusers folder, and so is the output; name a folder, or ask for --to ldm");
    }
    boolean one =
        request.maxShardBytes().isEmpty() && (safetensors || input.layout() == Layout.FILE);
    OutputPlan plan = one ? kept.file() : kept.folder();
    return new ConversionPlan(
        input.path(),
        Optional.empty(),
        kept.files.steps(),
        List.of(),
        List.of(),
        List.of(),
        provenance,
        plan);
  }

  private OutputPlan file() {
    files.file(Path.of(""), input.tensors().stream().map(this::made).toList(), input.metadata());
    return OutputPlan.file(files.files().getFirst().header());
  }

  private OutputPlan folder() {
    List<Companion> companions = new ArrayList<>();
    List<GeneratedFile> texts = new ArrayList<>();
    for (Path relative : input.companions()) {
      Optional<String> rewritten = config(relative);
      if (rewritten.isPresent()) {
        texts.add(new GeneratedFile(relative, rewritten.get()));
      } else {
        companions.add(new Companion(input.path().resolve(relative), relative));
      }
    }
    if (request.maxShardBytes().isPresent()) {
      components();
    } else {
      parts(companions, texts);
    }
    texts.addAll(files.indexes());
    return new OutputPlan(true, files.files(), companions, texts);
  }

  private void components() {
    Map<String, List<Made>> tensors = new LinkedHashMap<>();
    input
        .tensors()
        .forEach(stored ->
            tensors
                .computeIfAbsent(stored.component(), name -> new ArrayList<>())
                .add(made(stored)));
    tensors.forEach((component, made) -> {
      Part first =
          input.parts().stream()
              .filter(part -> part.component().equals(component))
              .findFirst()
              .orElseThrow();
      String stem =
          name(first.relative()).startsWith("diffusion_pytorch_model")
              ? "diffusion_pytorch_model"
              : "model";
      files.component(
          Path.of(component), stem, made, first.file().metadata(), request.maxShardBytes());
    });
  }

  private void parts(List<Companion> companions, List<GeneratedFile> texts) {
    for (Part part : input.parts()) {
      List<Made> made =
          part.file().tensors().stream().map(info -> made(new Stored(part, info))).toList();
      files.file(renamed(part.relative()), made, part.file().metadata());
    }
    boolean torch =
        input.parts().stream().anyMatch(p -> !renamed(p.relative()).equals(p.relative()));
    for (Path index : input.indexes()) {
      if (request.dtype().isEmpty() && !torch) {
        companions.add(new Companion(input.path().resolve(index), index));
      } else {
        texts.add(new GeneratedFile(renamed(index), index(index)));
      }
    }
  }

  /// An index over the parts in its own folder, with the sizes of the new dtype.
  private String index(Path index) {
    Map<String, String> map = new LinkedHashMap<>();
    long bytes = 0;
    for (Stored stored : input.tensors()) {
      Path part = stored.part().relative();
      if (Objects.equals(part.getParent(), index.getParent())) {
        map.put(stored.name(), name(renamed(part)));
        bytes += Header.inOrder(List.of(made(stored).spec()), Map.of()).dataBytes();
      }
    }
    return Shards.index(map, bytes);
  }

  private Made made(Stored stored) {
    DType dtype = request.dtype(stored.info().dtype());
    return new Made(
        stored.component(),
        new TensorSpec(stored.name(), dtype, stored.info().shape()),
        Piece.whole(stored));
  }

  /// A config that names the dtype of the weights, with the new one: transformers loads a model in
  /// the dtype that its config names.
  private Optional<String> config(Path relative) {
    Optional<String> dtype = request.dtype().flatMap(TorchNames::of);
    Path folder = relative.getParent();
    if (dtype.isEmpty() || !name(relative).equals("config.json")) {
      return Optional.empty();
    }
    Function<String, String> rewrite =
        text -> DTYPE.matcher(text).replaceAll("$1\"" + dtype.get() + "\"");
    return input.config(folder == null ? "" : folder.toString()).map(rewrite);
  }

  /// `model-00001-of-00002.safetensors` for `pytorch_model-00001-of-00002.bin`.
  private static Path renamed(Path relative) {
    String name = name(relative);
    if (!TORCH.matcher(name).find() || name.endsWith(".safetensors")) {
      return relative;
    }
    String stem = TORCH_STEM.matcher(name).replaceFirst("model");
    return relative.resolveSibling(TORCH.matcher(stem).replaceFirst(".safetensors"));
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }
}
