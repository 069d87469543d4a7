package radiata.names;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// What an adapter's key may carry before the module's own path.
///
/// @param text the wrapper as written
/// @param roles the parts it can stand for
/// @param flat whether the path after it is flattened to underscores
/// @param alone the wrapper's own word, which some broken files repeat instead of the whole
record Wrapper(String text, Set<Role> roles, boolean flat, String alone) {
  /// The wrappers of a family, in the order in which they are to be tried.
  static List<Wrapper> of(Family family, FamilyRules rules) {
    Set<Role> any = EnumSet.allOf(Role.class);
    Set<Role> denoiser = EnumSet.of(Role.UNET, Role.OTHER);
    Set<Role> first =
        EnumSet.of(
            family == Family.SDXL_REFINER ? Role.TEXT_ENCODER_2 : Role.TEXT_ENCODER, Role.OTHER);
    // FLUX has CLIP-L and T5: OneTrainer and diffusers count T5 as the second, kohya as the third.
    Set<Role> second =
        EnumSet.of(family == Family.FLUX ? Role.TEXT_ENCODER_3 : Role.TEXT_ENCODER_2, Role.OTHER);
    Set<Role> third = EnumSet.of(Role.TEXT_ENCODER_3, Role.OTHER);
    Set<Role> vae = EnumSet.of(Role.VAE, Role.OTHER);
    List<Wrapper> all = new ArrayList<>();
    all.add(dotted(Dialect.PEFT_PREFIX, any));
    all.add(dotted("model.diffusion_model.", denoiser));
    all.add(dotted("diffusion_model.", denoiser));
    all.add(dotted("unet.", denoiser));
    all.add(dotted("transformer.", denoiser));
    all.add(dotted("text_encoder.", first));
    all.add(dotted("text_encoder_2.", second));
    all.add(dotted("text_encoder_3.", third));
    all.add(dotted("text_encoders.clip_l.transformer.", first));
    all.add(dotted("text_encoders.clip_h.transformer.", first));
    all.add(
        dotted("text_encoders.clip_g.transformer.", EnumSet.of(Role.TEXT_ENCODER_2, Role.OTHER)));
    all.add(dotted("text_encoders.t5xxl.transformer.", third));
    all.add(dotted("first_stage_model.", vae));
    all.add(dotted("vae.", vae));
    rules.modules().stream()
        .filter(module -> module.role().isTextEncoder())
        .map(module -> dotted(module.prefix(), EnumSet.of(module.role())))
        .distinct()
        .forEach(all::add);
    if (family.isLanguage()) {
      LanguageNames.LEVELS.forEach(level -> all.add(dotted(level, any)));
    }
    all.add(new Wrapper("lora_unet_", denoiser, true, "unet_"));
    all.add(new Wrapper("oft_unet_", denoiser, true, "unet_"));
    all.add(flat("lora_transformer_", denoiser));
    all.add(flat("lycoris_", any));
    if (family != Family.SDXL) {
      all.add(flat("lora_te_", first));
    }
    all.add(flat("lora_te1_", first));
    all.add(flat("lora_te2_", second));
    all.add(flat("lora_te3_", third));
    return List.copyOf(all);
  }

  private static Wrapper dotted(String text, Set<Role> roles) {
    return new Wrapper(text, roles, false, text);
  }

  private static Wrapper flat(String text, Set<Role> roles) {
    return new Wrapper(text, roles, true, text);
  }

  /// Whether what follows this wrapper is the wrapper again.
  boolean repeated(String rest) {
    return rest.startsWith(text) || rest.startsWith(alone);
  }
}
