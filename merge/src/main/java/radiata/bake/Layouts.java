package radiata.bake;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Layout;
import radiata.safetensors.Checkpoint.Part;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.Checksums;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.OutputPlan;
import radiata.safetensors.Shards;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.provenance.DerivedMetadata;
import radiata.safetensors.provenance.Provenance;

/// Which file of the output each tensor goes to. The output has the layout of the base; shards
/// become one file where the output's name ends in `.safetensors`.
final class Layouts {
  private final Checkpoint base;
  private final BakeRequest request;
  private final Optional<DType> dtype;
  private final Provenance provenance;
  private final Set<Stored> changed;
  private final OutputPlan output;
  private final Map<Part, Integer> files = new HashMap<>();

  private Layouts(
      Checkpoint base,
      BakeRequest request,
      Path target,
      Provenance provenance,
      Set<Stored> changed) {
    this.base = base;
    this.request = request;
    this.dtype = request.dtype();
    this.provenance = provenance;
    this.changed = changed;
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
  /// @param changed the tensors that adapters change
  static Layouts of(
      Checkpoint base,
      BakeRequest request,
      Path target,
      Provenance provenance,
      Set<Stored> changed) {
    return new Layouts(base, request, target, provenance, changed);
  }

  OutputPlan output() {
    return output;
  }

  private OutputPlan single() {
    base.parts().forEach(part -> files.put(part, 0));
    return OutputPlan.file(header(base.tensors(), base.metadata()));
  }

  private OutputPlan folder() {
    List<OutputPlan.OutputFile> weights = new ArrayList<>();
    for (Part part : base.parts()) {
      files.put(part, weights.size());
      List<Stored> tensors = new ArrayList<>();
      part.file().tensors().forEach(info -> tensors.add(new Stored(part, info)));
      Header header = header(tensors, part.file().metadata());
      weights.add(new OutputPlan.OutputFile(part.relative(), header));
    }
    List<OutputPlan.Companion> companions = new ArrayList<>();
    for (Path relative : base.companions()) {
      companions.add(new OutputPlan.Companion(base.path().resolve(relative), relative));
    }
    List<OutputPlan.GeneratedFile> indexes = new ArrayList<>();
    for (Path index : base.indexes()) {
      if (dtype.isEmpty()) {
        companions.add(new OutputPlan.Companion(base.path().resolve(index), index));
      } else {
        indexes.add(new OutputPlan.GeneratedFile(index, index(index)));
      }
    }
    return new OutputPlan(true, weights, companions, indexes);
  }

  /// An index over the parts in its own folder, with the sizes of the new dtype.
  private String index(Path index) {
    Map<String, String> map = new LinkedHashMap<>();
    long bytes = 0;
    for (Stored stored : base.tensors()) {
      if (stored.part().relative().resolveSibling("x").equals(index.resolveSibling("x"))) {
        map.put(stored.name(), String.valueOf(stored.part().relative().getFileName()));
        bytes += Header.inOrder(List.of(spec(stored)), Map.of()).dataBytes();
      }
    }
    return Shards.index(map, bytes);
  }

  /// The header of a file of these tensors, with room in its metadata for what is not known yet.
  private Header header(List<Stored> tensors, Map<String, String> metadata) {
    List<TensorSpec> specs = tensors.stream().map(this::spec).toList();
    List<TensorInfo> placed = Header.canonical(specs, Map.of()).tensors();
    boolean sameData =
        placed.equals(tensors.stream().map(Stored::info).toList())
            && tensors.stream().noneMatch(changed::contains);
    DerivedMetadata derived =
        new DerivedMetadata(
            parents(),
            request.writing().date(),
            sameData,
            specs.equals(tensors.stream().map(stored -> stored.info().spec()).toList()),
            request.writing().hashes());
    Provenance room = provenance.with(Checksums.unknown(specs.size()));
    return Header.canonical(specs, room.in(derived.of(metadata)));
  }

  private List<String> parents() {
    return Stream.concat(
            Stream.of(base.metadata()),
            request.adapters().stream().map(use -> use.file().metadata()))
        .flatMap(metadata -> DerivedMetadata.title(metadata).stream())
        .toList();
  }

  private TensorSpec spec(Stored stored) {
    TensorInfo info = stored.info();
    boolean converts = dtype.isPresent() && info.dtype().computable();
    return converts ? new TensorSpec(info.name(), dtype.get(), info.shape()) : info.spec();
  }

  /// A step for every tensor, in the order of the output's bytes.
  List<Step> steps(Map<Stored, List<Applied>> changes) {
    Map<Integer, Map<String, Stored>> sources = new HashMap<>();
    for (Stored stored : base.tensors()) {
      int file = files.getOrDefault(stored.part(), 0);
      sources.computeIfAbsent(file, key -> new HashMap<>()).put(stored.name(), stored);
    }
    List<Step> steps = new ArrayList<>();
    for (int file = 0; file < output.files().size(); file++) {
      Map<String, Stored> of = sources.getOrDefault(file, Map.of());
      for (TensorInfo target : output.files().get(file).header().tensors()) {
        Stored source = Optional.ofNullable(of.get(target.name())).orElseThrow();
        List<Applied> applied = changes.getOrDefault(source, List.of());
        if (!applied.isEmpty()) {
          steps.add(new Step.Change(source, file, target, List.copyOf(applied)));
        } else if (target.dtype() != source.info().dtype()) {
          steps.add(new Step.Convert(source, file, target));
        } else {
          steps.add(new Step.Copy(source, file, target));
        }
      }
    }
    return steps;
  }
}
