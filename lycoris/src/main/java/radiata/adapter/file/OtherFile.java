package radiata.adapter.file;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// What a file without a single adapter module is instead.
final class OtherFile {
  /// Layers by position, as cloneofsimo/lora writes them: `text_encoder:0:down`.
  private static final Pattern POSITION = Pattern.compile("\\w+:\\d+:(?:up|down|mid)");

  private static final Pattern EMBEDDING =
      Pattern.compile(
          "emb_params|string_to_param(?:\\..*)?|string_to_token(?:\\..*)?|<.+>|clip_[lg]|t5xxl");

  private static final Pattern CHECKPOINT =
      Pattern.compile(
          "(?:model\\.diffusion_model|first_stage_model|cond_stage_model|conditioner\\.embedders)\\..*");

  private OtherFile() {}

  /// A sentence about keys that number the layers; empty if there are none.
  static Optional<String> positions(List<TensorInfo> unknown) {
    return unknown.stream()
        .map(TensorInfo::name)
        .filter(POSITION.asMatchPredicate())
        .findFirst()
        .map(key ->
            ("keys such as %s number the layers instead of naming them (cloneofsimo/lora); which "
                    + "layer is meant lies in the program that wrote them, so none is taken")
                .formatted(key));
  }

  /// @throws AdapterException if the file is a checkpoint or an embedding
  static void refuse(TensorFile file) {
    List<TensorInfo> tensors = file.tensors();
    if (tensors.isEmpty()) {
      throw new AdapterException(file.path(), null, "holds no tensor, an adapter was expected");
    }
    Optional<TensorInfo> embedding = first(tensors, EMBEDDING);
    if (embedding.isPresent()
        && tensors.stream().allMatch(each -> EMBEDDING.matcher(each.name()).matches())) {
      throw new AdapterException(
          file.path(),
          embedding.get().name(),
          "is a textual-inversion embedding (%s %s), not an adapter: it is loaded beside a model and cannot be baked"
              .formatted(embedding.get().name(), embedding.get().shape()));
    }
    Optional<TensorInfo> layer = first(tensors, CHECKPOINT);
    long weights =
        tensors.stream()
            .map(TensorInfo::name)
            .filter(name -> name.endsWith(".weight") || name.endsWith(".bias"))
            .count();
    if (layer.isPresent() || weights * 2 > tensors.size()) {
      throw new AdapterException(
          file.path(),
          null,
          "is a checkpoint (%d tensors such as %s), not an adapter: none of its keys belongs to one"
              .formatted(tensors.size(), layer.orElse(tensors.getFirst()).name()));
    }
  }

  /// @throws AdapterException always: what a folder without an adapter file is
  static AdapterException folder(Path folder) {
    for (String sign :
        List.of(
            "model_index.json",
            "model.safetensors.index.json",
            "model.safetensors",
            "pytorch_model.bin.index.json",
            "pytorch_model.bin")) {
      if (Files.exists(folder.resolve(sign))) {
        return new AdapterException(
            folder,
            null,
            "is the folder of a model (it holds %s), not of an adapter".formatted(sign));
      }
    }
    return new AdapterException(
        folder,
        null,
        "is a folder without adapter_model.safetensors or .bin; name the adapter file itself");
  }

  private static Optional<TensorInfo> first(List<TensorInfo> tensors, Pattern names) {
    return tensors.stream().filter(each -> names.matcher(each.name()).matches()).findFirst();
  }
}
