package radiata.bake;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Layout;
import radiata.safetensors.Checkpoint.Part;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.OutputPlan;
import radiata.safetensors.Shards;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;

/// Which file of the output each tensor goes to. The output has the layout of the base; shards become one file where
/// the output's name ends in `.safetensors`.
final class Layouts {
  private final Checkpoint base;
  private final Optional<DType> dtype;
  private final OutputPlan output;
  private final Map<Part, Integer> files = new HashMap<>();

  private Layouts(Checkpoint base, Optional<DType> dtype, Path target, boolean changed) {
    this.base = base;
    this.dtype = dtype;
    boolean oneFile = base.layout() == Layout.FILE || String.valueOf(target.getFileName()).endsWith(".safetensors");
    if (oneFile && base.layout() == Layout.DIFFUSERS) {
      throw new BakeException(
          target, null, "the base is a diffusers folder, so the output is one too; name a folder, not a .safetensors file");
    }
    this.output = oneFile ? single(changed) : folder(changed);
  }

  static Layouts of(Checkpoint base, Optional<DType> dtype, Path target, boolean changed) {
    return new Layouts(base, dtype, target, changed);
  }

  OutputPlan output() {
    return output;
  }

  private OutputPlan single(boolean changed) {
    base.parts().forEach(part -> files.put(part, 0));
    return OutputPlan.file(
        Header.canonical(
            base.tensors().stream().map(this::spec).toList(), metadata(base.metadata(), changed)));
  }

  private OutputPlan folder(boolean changed) {
    List<OutputPlan.OutputFile> weights = new ArrayList<>();
    for (Part part : base.parts()) {
      files.put(part, weights.size());
      List<TensorSpec> specs = new ArrayList<>();
      part.file().tensors().forEach(info -> specs.add(spec(new Stored(part, info))));
      Header header = Header.canonical(specs, metadata(part.file().metadata(), changed));
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

  /// The base's metadata, less the hashes that a change makes untrue.
  private static Map<String, String> metadata(Map<String, String> base, boolean changed) {
    Map<String, String> kept = new LinkedHashMap<>(base);
    if (changed) {
      kept.keySet().removeIf(key -> key.startsWith("sshs_") || key.equals("modelspec.hash_sha256"));
    }
    return kept;
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
