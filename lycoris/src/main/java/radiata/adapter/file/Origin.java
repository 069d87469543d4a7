package radiata.adapter.file;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// Who wrote a file: metadata first, then keys; the first sign wins.
///
/// @param writer lycoris, sd-scripts, diffusers, peft, onetrainer, ai-toolkit, simpletuner,
///   comfyui, radiata, unknown
/// @param because the sign, in words
record Origin(String writer, String because) {
  private static final Pattern HADA = Pattern.compile("\\.hada_w[12]_[ab]$");

  /// The tensors of a file, and their names.
  private record Tensors(TensorFile file, List<String> keys) {
    boolean hadaKernels() {
      return file.tensors().stream()
          .anyMatch(t -> HADA.matcher(t.name()).find() && t.shape().rank() > 2);
    }

    boolean splitQkv() throws IOException {
      return SplitQkv.seen(file);
    }
  }

  /// Whether something shows in the tensors.
  @FunctionalInterface
  private interface Seen {
    boolean in(Tensors tensors) throws IOException;
  }

  /// A sign in the tensors.
  private record Sign(String writer, String what, Seen seen) {}

  private static final List<Sign> SIGNS =
      List.of(
          new Sign("peft", "keys under base_model.model.", starts("base_model\\.model\\.")),
          new Sign(
              "onetrainer",
              "lora_magnitude_vector.weight, which PEFT writes without .weight",
              any(".*\\.lora_magnitude_vector\\.weight")),
          new Sign("ai-toolkit", "DoRA's magnitude under .magnitude", any(".*\\.magnitude")),
          new Sign("lycoris", "the prefix lycoris_", starts("lycoris_")),
          new Sign("onetrainer", "the prefix lora_transformer_", starts("lora_transformer_")),
          new Sign("onetrainer", "oft_R keys", any(".*\\.oft_R\\.weight")),
          new Sign("onetrainer", "bundled embeddings (bundle_emb)", starts("bundle_emb\\.")),
          new Sign("onetrainer", "T5 under lora_te2_", starts("lora_te2_encoder_block_")),
          new Sign(
              "onetrainer",
              "diffusers paths under lora_unet_ for SDXL, where sd-scripts writes LDM paths",
              tensors -> sdxlOnDiffusersPaths(tensors.keys())),
          new Sign(
              "onetrainer",
              "factors of LoHa with a kernel, which LyCORIS stores flat",
              Tensors::hadaKernels),
          new Sign(
              "lycoris",
              "kohya's prefixes with suffixes that sd-scripts does not write",
              any(
                  "lora_(?:unet|te\\d?)_.*\\.(?:hada_|lokr_|dora_scale|diff|w_norm|b_norm|oft_|a1\\.|on_input).*")),
          new Sign(
              "sd-scripts",
              "the fused q, k and v of FLUX are 0 beside the blocks of a diagonal (split_qkv)",
              Tensors::splitQkv),
          new Sign("sd-scripts", "LDM paths under lora_unet_", starts("lora_unet_input_blocks_")),
          new Sign("sd-scripts", "T5 under lora_te3_", starts("lora_te3_")),
          new Sign(
              "sd-scripts",
              "the prefixes lora_unet_ and lora_te_",
              starts("lora_(?:unet|te\\d?)_")),
          new Sign("sd-scripts", "the prefix oft_unet_", starts("oft_unet_")),
          new Sign(
              "comfyui",
              "the base's own paths under diffusion_model.",
              starts("diffusion_model\\.")),
          new Sign(
              "diffusers",
              "diffusers paths under the names of components, or attention processors",
              starts("(?:unet|text_encoder(?:_2|_3)?|transformer)\\.|.*\\.processor\\.")));

  /// A second text encoder, or deeper transformer stacks than SD1 and SD2 have, on diffusers paths.
  static boolean sdxlOnDiffusersPaths(List<String> keys) {
    return leads("lora_unet_(?:down|mid|up)_block", keys)
        && leads(
            "lora_te2_|lora_unet_(?:down|up)_blocks_.*_transformer_blocks_[1-9]|lora_unet_mid_block_.*_transformer_blocks_[1-9]",
            keys);
  }

  /// @param withConfig whether PEFT's `adapter_config.json` came with it
  /// @param withLycorisConfig whether SimpleTuner's `lycoris_config.json` lies beside it
  static Origin of(TensorFile file, boolean withConfig, boolean withLycorisConfig)
      throws IOException {
    Optional<Origin> told = told(file.metadata());
    if (told.isPresent()) {
      return told.get();
    }
    if (withConfig) {
      return new Origin("peft", "writer peft: adapter_config.json came with it");
    }
    Tensors tensors = new Tensors(file, file.tensors().stream().map(TensorInfo::name).toList());
    for (Sign sign : SIGNS) {
      if (sign.seen().in(tensors)) {
        return sign.writer().equals("lycoris") && withLycorisConfig
            ? new Origin("simpletuner", "writer simpletuner: lycoris_config.json lies beside it")
            : new Origin(sign.writer(), "writer %s: %s".formatted(sign.writer(), sign.what()));
      }
    }
    return new Origin("unknown", "writer unknown: neither metadata nor keys tell");
  }

  private static Optional<Origin> told(Map<String, String> metadata) {
    String module = metadata.getOrDefault("ss_network_module", "");
    String implementation = metadata.getOrDefault("modelspec.implementation_version", "");
    String writer;
    String sign;
    if (metadata.keySet().stream().anyMatch(key -> key.startsWith("radiata"))) {
      writer = "radiata";
      sign = "metadata of its own";
    } else if (module.startsWith("lycoris")) {
      writer = "lycoris";
      sign = "ss_network_module is " + module;
    } else if (module.startsWith("networks.")) {
      writer = "sd-scripts";
      sign = "ss_network_module is " + module;
    } else if (metadata.keySet().stream()
        .anyMatch(Pattern.compile("ot_(?:branch|revision|config)").asMatchPredicate())) {
      writer = "onetrainer";
      sign = "metadata ot_branch, ot_revision or ot_config";
    } else if (metadata.getOrDefault("software", "").contains("ai-toolkit")) {
      writer = "ai-toolkit";
      sign = "metadata software names it";
    } else if (metadata.containsKey(Settings.METADATA)) {
      writer = "diffusers";
      sign = "metadata " + Settings.METADATA;
    } else if (implementation.contains("sd-scripts")) {
      writer = "sd-scripts";
      sign = "modelspec.implementation_version is " + implementation;
    } else {
      return Optional.empty();
    }
    return Optional.of(new Origin(writer, "writer %s: %s".formatted(writer, sign)));
  }

  private static Seen any(String whole) {
    Predicate<String> matches = Pattern.compile(whole, Pattern.DOTALL).asMatchPredicate();
    return tensors -> tensors.keys().stream().anyMatch(matches);
  }

  private static Seen starts(String prefix) {
    return tensors -> leads(prefix, tensors.keys());
  }

  private static boolean leads(String prefix, List<String> keys) {
    Pattern pattern = Pattern.compile(prefix, Pattern.DOTALL);
    return keys.stream().anyMatch(key -> pattern.matcher(key).lookingAt());
  }
}
