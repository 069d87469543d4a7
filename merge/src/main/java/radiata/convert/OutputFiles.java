package radiata.convert;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import radiata.safetensors.Checksums;
import radiata.safetensors.Header;
import radiata.safetensors.OutputPlan.GeneratedFile;
import radiata.safetensors.OutputPlan.OutputFile;
import radiata.safetensors.Shards;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.provenance.DerivedMetadata;
import radiata.safetensors.provenance.Provenance;

/// The weight files of an output, their indexes, and a step for every tensor in them.
final class OutputFiles {
  private final List<OutputFile> files = new ArrayList<>();
  private final List<GeneratedFile> indexes = new ArrayList<>();
  private final List<ConversionStep> steps = new ArrayList<>();
  private final Provenance provenance;

  private final Optional<String> date;

  /// No files as yet.
  ///
  /// @param provenance what every file will say; its checksums are still to come
  OutputFiles(Provenance provenance, ConversionRequest request) {
    this.provenance = provenance;
    this.date = request.date();
  }

  List<OutputFile> files() {
    return files;
  }

  List<GeneratedFile> indexes() {
    return indexes;
  }

  List<ConversionStep> steps() {
    return steps;
  }

  /// One file.
  ///
  /// @param metadata those of the input that it comes from
  void file(Path relative, List<Made> tensors, Map<String, String> metadata) {
    Map<String, Made> named = new HashMap<>();
    tensors.forEach(tensor -> named.put(tensor.spec().name(), tensor));
    List<TensorSpec> specs = tensors.stream().map(Made::spec).toList();
    boolean sameData = true;
    for (TensorInfo target : Header.canonical(specs, Map.of()).tensors()) {
      Made made = Objects.requireNonNull(named.get(target.name()));
      sameData &= made.copyOf(target, tensors.size());
      steps.add(new ConversionStep(files.size(), target, made.pieces()));
    }
    boolean sameDtypes = tensors.stream().allMatch(Made::sameDtype);
    Map<String, String> derived =
        new DerivedMetadata(List.of(), date, sameData, sameDtypes, false).of(metadata);
    Checksums room = Checksums.unknown(specs.size());
    files.add(new OutputFile(relative, Header.canonical(specs, provenance.with(room).in(derived))));
  }

  /// The tensors of a component: one file, or as many as the limit asks for, and their index.
  ///
  /// @param folder the component's folder below the output; empty for the output itself
  /// @param stem `model` or `diffusion_pytorch_model`
  void component(
      Path folder,
      String stem,
      List<Made> tensors,
      Map<String, String> metadata,
      OptionalLong maxShardBytes) {
    if (maxShardBytes.isEmpty()) {
      file(folder.resolve(Shards.fileName(stem, 1, 1)), tensors, metadata);
      return;
    }
    Map<String, Made> named = new HashMap<>();
    tensors.forEach(tensor -> named.put(tensor.spec().name(), tensor));
    List<List<TensorSpec>> shards =
        Shards.split(tensors.stream().map(Made::spec).toList(), maxShardBytes.getAsLong());
    Map<String, String> weightMap = new LinkedHashMap<>();
    long bytes = 0;
    for (int shard = 0; shard < shards.size(); shard++) {
      String name = Shards.fileName(stem, shard + 1, shards.size());
      List<TensorSpec> specs = shards.get(shard);
      specs.forEach(spec -> weightMap.put(spec.name(), name));
      file(
          folder.resolve(name),
          specs.stream().map(spec -> Objects.requireNonNull(named.get(spec.name()))).toList(),
          metadata);
      bytes += files.getLast().header().dataBytes();
    }
    if (shards.size() > 1) {
      indexes.add(
          new GeneratedFile(
              folder.resolve(Shards.indexName(stem, "")), Shards.index(weightMap, bytes)));
    }
  }
}
