package radiata.bake;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Layout;
import radiata.safetensors.Checkpoint.Part;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.Checksums;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.OutputPlan;
import radiata.safetensors.Shape;
import radiata.safetensors.Shards;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.convert.Dither;
import radiata.safetensors.provenance.DerivedMetadata;
import radiata.safetensors.provenance.Provenance;
import radiata.safetensors.torch.TorchNames;

/// Which file of the output each tensor goes to. The output has the layout of the base; shards
/// become one file where the output's name ends in `.safetensors`. Torch files become safetensors.
final class Layouts {
  private static final Path CONFIG = Path.of("config.json");

  private final Checkpoint base;
  private final BakeRequest request;
  private final Optional<DType> dtype;
  private final Provenance provenance;
  private final Map<Destination, Shape> changed;
  private final Untying untying;
  private final ScaledFp8 scaled;
  private final OutputPlan output;
  private final Map<Part, Integer> files = new HashMap<>();

  private Layouts(
      Checkpoint base,
      BakeRequest request,
      Path target,
      Provenance provenance,
      Map<Destination, Shape> changed,
      Untying untying) {
    this.base = base;
    this.request = request;
    this.dtype = request.dtype();
    this.provenance = provenance;
    this.changed = changed;
    this.untying = untying;
    if (TorchNames.isTorch(target)) {
      throw new BakeException(
          target, null, "outputs are safetensors files; name it .safetensors instead");
    }
    this.scaled = ScaledFp8.of(base);
    boolean oneFile =
        base.layout() == Layout.FILE
            || String.valueOf(target.getFileName()).endsWith(".safetensors");
    if (oneFile && base.layout() == Layout.DIFFUSERS) {
      throw new BakeException(
          target,
          null,
          "the base is a diffusers folder, so the output is one too; name a folder, not a .safetensors file");
    }
    this.output = oneFile ? single() : folder();
  }

  /// @param provenance what every file will say; its checksums are still to come
  /// @param changed the tensors that adapters change, and the shapes they have then
  /// @param untying the tensors that the output has beyond the base's
  static Layouts of(
      Checkpoint base,
      BakeRequest request,
      Path target,
      Provenance provenance,
      Map<Destination, Shape> changed,
      Untying untying) {
    return new Layouts(base, request, target, provenance, changed, untying);
  }

  OutputPlan output() {
    return output;
  }

  private OutputPlan single() {
    base.parts().forEach(part -> files.put(part, 0));
    return OutputPlan.file(header(base.tensors(), List.of(), base.metadata()));
  }

  private OutputPlan folder() {
    List<OutputPlan.OutputFile> weights = new ArrayList<>();
    for (Part part : base.parts()) {
      files.put(part, weights.size());
      List<Stored> tensors = new ArrayList<>();
      part.file().tensors().forEach(info -> tensors.add(new Stored(part, info)));
      Header header = header(tensors, added(part), part.file().metadata());
      weights.add(new OutputPlan.OutputFile(TorchNames.safetensors(part.relative()), header));
    }
    List<OutputPlan.Companion> companions = new ArrayList<>();
    List<OutputPlan.GeneratedFile> texts = new ArrayList<>();
    for (Path relative : base.companions()) {
      if (relative.equals(CONFIG) && untying.config().isPresent()) {
        texts.add(new OutputPlan.GeneratedFile(relative, untying.config().get()));
        continue;
      }
      companions.add(new OutputPlan.Companion(base.path().resolve(relative), relative));
    }
    for (Path index : base.indexes()) {
      Path named = TorchNames.safetensors(index);
      if (dtype.isEmpty() && untying.added().isEmpty() && !grows(index) && named.equals(index)) {
        companions.add(new OutputPlan.Companion(base.path().resolve(index), index));
      } else {
        texts.add(new OutputPlan.GeneratedFile(named, index(index)));
      }
    }
    return new OutputPlan(true, weights, companions, texts);
  }

  /// Whether a tensor that an index lists becomes larger.
  private boolean grows(Path index) {
    return changed.entrySet().stream()
        .anyMatch(each ->
            lists(index, each.getKey().source())
                && !each.getValue().equals(each.getKey().source().info().shape()));
  }

  /// Whether a tensor is in the folder of an index.
  private static boolean lists(Path index, Stored stored) {
    return stored.part().relative().resolveSibling("x").equals(index.resolveSibling("x"));
  }

  /// An index over the parts in its own folder, with the sizes of the new dtype.
  private String index(Path index) {
    Map<String, String> map = new LinkedHashMap<>();
    long bytes = 0;
    for (Stored stored : base.tensors()) {
      if (stays(stored) && lists(index, stored)) {
        String file = TorchNames.fileName(stored.part().relative());
        map.put(stored.name(), file);
        bytes += bytes(spec(stored));
        for (Destination added : untying.added()) {
          if (added.source().equals(stored)) {
            map.put(added.name(), file);
            bytes += bytes(spec(added));
          }
        }
      }
    }
    return Shards.index(map, bytes);
  }

  private static long bytes(TensorSpec spec) {
    return Header.inOrder(List.of(spec), Map.of()).dataBytes();
  }

  private List<Destination> added(Part part) {
    return untying.added().stream().filter(d -> d.source().part().equals(part)).toList();
  }

  /// The header of a file of these tensors, with room in its metadata for what is not known yet.
  private Header header(
      List<Stored> tensors, List<Destination> added, Map<String, String> metadata) {
    List<TensorSpec> specs =
        Stream.concat(
                tensors.stream().filter(this::stays).map(this::spec),
                added.stream().map(this::spec))
            .toList();
    List<TensorInfo> placed = Header.canonical(specs, Map.of()).tensors();
    boolean sameData =
        placed.equals(tensors.stream().map(Stored::info).toList())
            && tensors.stream().noneMatch(t -> changed.containsKey(new Destination(t, t.name())));
    DerivedMetadata derived =
        new DerivedMetadata(
            parents(),
            request.writing().date(),
            sameData,
            specs.equals(tensors.stream().map(stored -> stored.info().spec()).toList()),
            request.writing().hashes());
    Map<String, String> kept = derived.of(metadata);
    if (!scaled.scales().isEmpty() && dtype.isPresent()) {
      kept.remove(ScaledFp8.METADATA);
    }
    Provenance room = provenance.with(Checksums.unknown(specs.size()));
    return Header.canonical(specs, room.in(kept));
  }

  private List<String> parents() {
    return Stream.concat(
            Stream.of(base.metadata()),
            request.adapters().stream().map(use -> use.file().metadata()))
        .flatMap(metadata -> DerivedMetadata.title(metadata).stream())
        .toList();
  }

  /// Scales and markers go when their weights become plain numbers.
  private boolean stays(Stored stored) {
    return dtype.isEmpty() || !scaled.companions().contains(stored);
  }

  private TensorSpec spec(Stored stored) {
    return spec(new Destination(stored, stored.name()));
  }

  private TensorSpec spec(Destination tensor) {
    TensorInfo info = tensor.source().info();
    boolean converts = dtype.isPresent() && info.dtype().computable();
    return new TensorSpec(
        tensor.name(),
        converts ? dtype.get() : info.dtype(),
        changed.getOrDefault(tensor, info.shape()));
  }

  /// A step for every tensor, in the order of the output's bytes.
  List<Step> steps(Map<Destination, List<Applied>> changes) {
    Map<Integer, Map<String, Stored>> sources = new HashMap<>();
    for (Stored stored : base.tensors()) {
      int file = files.getOrDefault(stored.part(), 0);
      sources.computeIfAbsent(file, key -> new HashMap<>()).put(stored.name(), stored);
    }
    for (Destination added : untying.added()) {
      int file = files.getOrDefault(added.source().part(), 0);
      sources.computeIfAbsent(file, key -> new HashMap<>()).put(added.name(), added.source());
    }
    Map<Stored, Stored> weights = new HashMap<>();
    scaled.scales().forEach((weight, scale) -> weights.put(scale, weight));
    List<Step> steps = new ArrayList<>();
    for (int file = 0; file < output.files().size(); file++) {
      Map<String, Stored> of = sources.getOrDefault(file, Map.of());
      for (TensorInfo target : output.files().get(file).header().tensors()) {
        Stored source = Optional.ofNullable(of.get(target.name())).orElseThrow();
        List<Applied> applied =
            changes.getOrDefault(new Destination(source, target.name()), List.of());
        Stored weight = weights.get(source);
        if (!applied.isEmpty()) {
          applied.forEach(this::requirePlainPieces);
          Coding coding = coding(source, target, true);
          steps.add(new Step.Change(source, file, target, List.copyOf(applied), coding));
        } else if (dtype.isEmpty()
            && weight != null
            && changes.containsKey(new Destination(weight, weight.name()))) {
          steps.add(new Step.Scale(source, file, target));
        } else if (target.dtype() != source.info().dtype()
            || (dtype.isPresent() && scaled.scales().containsKey(source))) {
          steps.add(new Step.Convert(source, file, target, coding(source, target, false)));
        } else {
          steps.add(new Step.Copy(source, file, target));
        }
      }
    }
    return steps;
  }

  /// A module over several tensors is put together from their numbers as they are stored.
  private void requirePlainPieces(Applied applied) {
    List<Stored> tensors = applied.pieces().stream().map(Applied.Piece::stored).distinct().toList();
    if (tensors.size() > 1 && tensors.stream().anyMatch(scaled.scales()::containsKey)) {
      throw new BakeException(
          applied.file().path(),
          applied.module().name(),
          "%s is one module over %s, some of them scaled fp8; bake it into the model that is not scaled"
              .formatted(
                  applied.module().name(),
                  String.join(", ", tensors.stream().map(Stored::name).toList())));
    }
  }

  private Coding coding(Stored source, TensorInfo target, boolean changed) {
    Optional<Stored> scale = Optional.ofNullable(scaled.scales().get(source));
    Optional<Step.Scale> rescaled =
        changed && dtype.isEmpty() ? scale.map(this::scaleStep) : Optional.empty();
    OptionalLong seed = request.writing().seed();
    boolean dithers =
        seed.isPresent() && (target.dtype() == DType.F8_E4M3 || target.dtype() == DType.F8_E5M2);
    return new Coding(
        scale,
        rescaled,
        dithers ? Optional.of(Dither.of(seed.getAsLong(), target.name())) : Optional.empty());
  }

  private Step.Scale scaleStep(Stored scale) {
    int file = files.getOrDefault(scale.part(), 0);
    TensorInfo target = output.files().get(file).header().tensor(scale.name()).orElseThrow();
    return new Step.Scale(scale, file, target);
  }
}
