package radiata.names;

import java.util.Optional;

/// How each dialect writes a module.
final class DialectNames {
  private DialectNames() {}

  /// The name of a module of a family's table.
  static Optional<String> of(Family family, ModuleNames module, Dialect dialect) {
    if (module.role() == Role.UNET) {
      return family.isUnet() ? ofUnet(family, module, dialect) : ofTransformer(module, dialect);
    }
    String path = module.path();
    if (dialect == Dialect.LYCORIS) {
      return Optional.of("lycoris_" + Spelling.flat(path));
    }
    if (!module.role().isTextEncoder()) {
      return Optional.empty();
    }
    return switch (dialect) {
      case KOHYA, AITOOLKIT -> Optional.of(kohyaText(family, module.role()) + Spelling.flat(path));
      case KOHYA_DIFFUSERS ->
          Optional.of(
              (family == Family.FLUX && module.role() == Role.TEXT_ENCODER_3
                      ? "lora_te2_"
                      : kohyaText(family, module.role()))
                  + Spelling.flat(path));
      case DIFFUSERS -> Optional.of(diffusersText(family, module.role()) + path);
      case COMFYUI ->
          Optional.of("text_encoders." + comfyText(family, module.role()) + ".transformer." + path);
      case LYCORIS, PEFT, UNKNOWN -> Optional.empty();
    };
  }

  private static Optional<String> ofUnet(Family family, ModuleNames module, Dialect dialect) {
    String path = module.path();
    return switch (dialect) {
      case KOHYA, AITOOLKIT -> Optional.of("lora_unet_" + Spelling.flat(ofKohya(family, module)));
      case KOHYA_DIFFUSERS -> Optional.of("lora_unet_" + Spelling.flat(path));
      case LYCORIS -> Optional.of("lycoris_" + Spelling.flat(path));
      case DIFFUSERS -> Optional.of("unet." + path);
      case PEFT -> Optional.of(Dialect.PEFT_PREFIX + path);
      case COMFYUI -> Optional.of("diffusion_model." + module.ldm());
      case UNKNOWN -> Optional.empty();
    };
  }

  /// A module that the two layouts do not share has no name in the dialects of the other layout.
  private static Optional<String> ofTransformer(ModuleNames module, Dialect dialect) {
    String path = module.path();
    boolean diffusers = module.parts().isEmpty();
    boolean own = !module.storage().shared();
    return switch (dialect) {
      case KOHYA ->
          own ? Optional.of("lora_unet_" + Spelling.flat(module.ldm())) : Optional.empty();
      case KOHYA_DIFFUSERS ->
          diffusers ? Optional.of("lora_transformer_" + Spelling.flat(path)) : Optional.empty();
      case LYCORIS -> Optional.of("lycoris_" + Spelling.flat(path));
      case DIFFUSERS, AITOOLKIT ->
          diffusers ? Optional.of("transformer." + path) : Optional.empty();
      case PEFT -> Optional.of(Dialect.PEFT_PREFIX + path);
      case COMFYUI -> own ? Optional.of("diffusion_model." + module.ldm()) : Optional.empty();
      case UNKNOWN -> Optional.empty();
    };
  }

  /// sd-scripts trains SDXL's UNet as the LDM code has it, and SD1's and SD2's as diffusers has it.
  private static String ofKohya(Family family, ModuleNames module) {
    boolean ldm = family == Family.SDXL || family == Family.SDXL_REFINER;
    return ldm ? module.ldm() : module.path();
  }

  private static String kohyaText(Family family, Role role) {
    return switch (role) {
      case TEXT_ENCODER_2 -> "lora_te2_";
      case TEXT_ENCODER_3 -> "lora_te3_";
      case TEXT_ENCODER, UNET, VAE, OTHER ->
          family == Family.SD1 || family == Family.SD2 ? "lora_te_" : "lora_te1_";
    };
  }

  private static String diffusersText(Family family, Role role) {
    return switch (role) {
      case TEXT_ENCODER_2 -> "text_encoder_2.";
      case TEXT_ENCODER_3 -> family == Family.SD3 ? "text_encoder_3." : "text_encoder_2.";
      case TEXT_ENCODER, UNET, VAE, OTHER -> "text_encoder.";
    };
  }

  private static String comfyText(Family family, Role role) {
    return switch (role) {
      case TEXT_ENCODER_2 -> "clip_g";
      case TEXT_ENCODER_3 -> "t5xxl";
      case TEXT_ENCODER, UNET, VAE, OTHER -> family == Family.SD2 ? "clip_h" : "clip_l";
    };
  }

  /// The name of a module that no table knows.
  static Optional<String> ofOwn(Family family, Located module, Dialect dialect) {
    return switch (module.role()) {
      case UNET -> ofDenoiser(module.path(), dialect);
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
          family.isLanguage()
              ? ofLanguage(family, module.path(), dialect)
              : ofDenoiser(module.path(), dialect);
    };
  }

  private static Optional<String> ofDenoiser(String path, Dialect dialect) {
    return switch (dialect) {
      case KOHYA -> Optional.of("lora_unet_" + Spelling.flat(path));
      case KOHYA_DIFFUSERS -> Optional.of("lora_transformer_" + Spelling.flat(path));
      case LYCORIS -> Optional.of("lycoris_" + Spelling.flat(path));
      case DIFFUSERS, AITOOLKIT -> Optional.of("transformer." + path);
      case PEFT -> Optional.of(Dialect.PEFT_PREFIX + path);
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

  /// A base saved without its head lacks the level that the head's class puts there; PEFT adapts
  /// the class with the head and writes the level.
  private static Optional<String> ofLanguage(Family family, String path, Dialect dialect) {
    return switch (dialect) {
      case PEFT -> Optional.of(Dialect.PEFT_PREFIX + LanguageNames.withHead(family, path));
      case LYCORIS -> Optional.of("lycoris_" + Spelling.flat(path));
      case KOHYA, KOHYA_DIFFUSERS, DIFFUSERS, COMFYUI, AITOOLKIT, UNKNOWN -> Optional.empty();
    };
  }
}
