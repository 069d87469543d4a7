package radiata.names;

import java.util.Optional;

/// How each dialect writes a module.
final class DialectNames {
  private DialectNames() {}

  /// The name of a module of a family's table.
  static Optional<String> of(Family family, ModuleNames module, Dialect dialect) {
    boolean unet = module.role() == Role.UNET;
    boolean text = module.role().isTextEncoder();
    boolean second = module.role() == Role.TEXT_ENCODER_2;
    String path = module.path();
    return switch (dialect) {
      case KOHYA, AITOOLKIT ->
          unet
              ? Optional.of("lora_unet_" + Spelling.flat(ofKohya(family, module)))
              : text(text, kohyaText(family, second), Spelling.flat(path));
      case KOHYA_DIFFUSERS ->
          unet
              ? Optional.of("lora_unet_" + Spelling.flat(path))
              : text(text, kohyaText(family, second), Spelling.flat(path));
      case LYCORIS -> Optional.of("lycoris_" + Spelling.flat(path));
      case DIFFUSERS ->
          unet
              ? Optional.of("unet." + path)
              : text(text, second ? "text_encoder_2." : "text_encoder.", path);
      case PEFT -> unet ? Optional.of("base_model.model." + path) : Optional.empty();
      case COMFYUI ->
          unet
              ? Optional.of("diffusion_model." + module.ldm())
              : text(text, "text_encoders." + clip(family, second) + ".transformer.", path);
      case UNKNOWN -> Optional.empty();
    };
  }

  private static Optional<String> text(boolean is, String prefix, String path) {
    return is ? Optional.of(prefix + path) : Optional.empty();
  }

  /// sd-scripts trains SDXL's UNet as the LDM code has it, and SD1's and SD2's as diffusers has it.
  private static String ofKohya(Family family, ModuleNames module) {
    boolean ldm = family == Family.SDXL || family == Family.SDXL_REFINER;
    return ldm ? module.ldm() : module.path();
  }

  private static String kohyaText(Family family, boolean second) {
    if (second) {
      return "lora_te2_";
    }
    return family == Family.SDXL ? "lora_te1_" : "lora_te_";
  }

  private static String clip(Family family, boolean second) {
    if (second) {
      return "clip_g";
    }
    return family == Family.SD2 ? "clip_h" : "clip_l";
  }

  /// The name of a module that no table knows.
  static Optional<String> ofOwn(Family family, Located module, Dialect dialect) {
    return switch (module.role()) {
      case UNET -> ofDenoiser(family, module.path(), dialect);
      case TEXT_ENCODER -> ofText("lora_te1_", "text_encoder.", "clip_l", module.path(), dialect);
      case TEXT_ENCODER_2 ->
          ofText("lora_te2_", "text_encoder_2.", "clip_g", module.path(), dialect);
      case TEXT_ENCODER_3 ->
          ofText("lora_te3_", "text_encoder_3.", "t5xxl", module.path(), dialect);
      case VAE ->
          dialect == Dialect.LYCORIS
              ? Optional.of("lycoris_" + Spelling.flat(module.path()))
              : Optional.empty();
      case OTHER ->
          switch (family) {
            case LLAMA -> ofLanguage(module.path(), "model.", "layers.", dialect);
            case GPT2 -> ofLanguage(module.path(), "transformer.", "h.", dialect);
            case SD1, SD2, SDXL, SDXL_REFINER, SD3, FLUX, GENERIC ->
                ofDenoiser(family, module.path(), dialect);
          };
    };
  }

  private static Optional<String> ofDenoiser(Family family, String path, Dialect dialect) {
    boolean flow = family == Family.FLUX || family == Family.SD3;
    boolean diffusers = path.contains("transformer_blocks.");
    return switch (dialect) {
      // sd-scripts writes the fused weights of these families, which a split base does not have.
      case KOHYA ->
          flow && diffusers ? Optional.empty() : Optional.of("lora_unet_" + Spelling.flat(path));
      case KOHYA_DIFFUSERS ->
          flow && !diffusers
              ? Optional.empty()
              : Optional.of("lora_transformer_" + Spelling.flat(path));
      case LYCORIS -> Optional.of("lycoris_" + Spelling.flat(path));
      case DIFFUSERS -> flow && !diffusers ? Optional.empty() : Optional.of("transformer." + path);
      case AITOOLKIT -> Optional.of("transformer." + path);
      case PEFT -> Optional.of("base_model.model." + path);
      case COMFYUI -> Optional.of("diffusion_model." + path);
      case UNKNOWN -> Optional.empty();
    };
  }

  private static Optional<String> ofText(
      String kohya, String diffusers, String comfyui, String path, Dialect dialect) {
    return switch (dialect) {
      case KOHYA, KOHYA_DIFFUSERS -> Optional.of(kohya + Spelling.flat(path));
      case LYCORIS -> Optional.of("lycoris_" + Spelling.flat(path));
      case DIFFUSERS -> Optional.of(diffusers + path);
      case COMFYUI -> Optional.of("text_encoders." + comfyui + ".transformer." + path);
      case PEFT, AITOOLKIT, UNKNOWN -> Optional.empty();
    };
  }

  /// A base saved without its head lacks the level `head` around `inner` that the head's class puts
  /// there; PEFT adapts the class with the head and writes the level.
  private static Optional<String> ofLanguage(
      String path, String head, String inner, Dialect dialect) {
    return switch (dialect) {
      case PEFT -> Optional.of("base_model.model." + (path.startsWith(inner) ? head : "") + path);
      case LYCORIS -> Optional.of("lycoris_" + Spelling.flat(path));
      case KOHYA, KOHYA_DIFFUSERS, DIFFUSERS, COMFYUI, AITOOLKIT, UNKNOWN -> Optional.empty();
    };
  }
}
