package radiata.names;

/// A family of models that share their modules.
public enum Family {
  /// Stable Diffusion 1.x.
  SD1("sd1", Names.TABLE),
  /// Stable Diffusion 2.x.
  SD2("sd2", Names.TABLE),
  /// Stable Diffusion XL, its distilled SSD-1B and Vega included: their modules are a part of it.
  SDXL("sdxl", Names.TABLE),
  SDXL_REFINER("sdxl-refiner", Names.TABLE),
  /// Stable Diffusion 3 and 3.5.
  SD3("sd3", Names.TABLE),
  /// FLUX.1.
  FLUX("flux", Names.TABLE),
  /// FLUX.1 schnell retrained without its modulation layers.
  CHROMA("chroma", Names.TABLE),
  FLUX2("flux2", Names.TABLE),
  Z_IMAGE("z-image", Names.TABLE),
  LUMINA2("lumina2", Names.OWN),
  QWEN_IMAGE("qwen-image", Names.OWN),
  WAN("wan", Names.OWN),
  HUNYUAN_VIDEO("hunyuan-video", Names.OWN),
  /// Cosmos-Predict2 with an adapter for a language model as its text encoder.
  ANIMA("anima", Names.OWN),
  /// Llama, and decoders that name their layers as it does where nothing tells them apart.
  LLAMA("llama", Names.LANGUAGE),
  MISTRAL("mistral", Names.LANGUAGE),
  QWEN2("qwen2", Names.LANGUAGE),
  QWEN3("qwen3", Names.LANGUAGE),
  GEMMA("gemma", Names.LANGUAGE),
  /// Phi-3 and Phi-4: q, k and v, and gate and up, are fused.
  PHI3("phi3", Names.LANGUAGE),
  GPT2("gpt2", Names.LANGUAGE),
  GPT_NEOX("gpt-neox", Names.LANGUAGE),
  OPT("opt", Names.LANGUAGE),
  T5("t5", Names.LANGUAGE),
  /// BERT, RoBERTa, DistilBERT, ELECTRA.
  BERT("bert", Names.LANGUAGE),
  /// Anything else: its own names are its names.
  GENERIC("unknown", Names.OWN);

  private enum Names {
    TABLE,
    OWN,
    /// A language model's own names, with and without the levels of its classes.
    LANGUAGE
  }

  private final String id;
  private final Names names;

  Family(String id, Names names) {
    this.id = id;
    this.names = names;
  }

  public String id() {
    return id;
  }

  /// Whether the family has a table of names; the others are found by their own names.
  public boolean hasTable() {
    return names == Names.TABLE;
  }

  /// Whether its denoiser is a UNet that reads text.
  public boolean isUnet() {
    return this == SD1 || this == SD2 || this == SDXL || this == SDXL_REFINER;
  }

  /// Whether it is a language model.
  public boolean isLanguage() {
    return names == Names.LANGUAGE;
  }

  /// Whether an adapter's names may not tell this family from the other: a LoRA on the attention of
  /// Qwen has the names of one for Llama.
  public boolean mayPassFor(Family other) {
    return this == other || (kin() != GENERIC && kin() == other.kin());
  }

  private Family kin() {
    return switch (this) {
      case LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA, PHI3 -> LLAMA;
      case FLUX, CHROMA, FLUX2, HUNYUAN_VIDEO -> FLUX;
      case Z_IMAGE, LUMINA2 -> Z_IMAGE;
      case SD1,
          SD2,
          SDXL,
          SDXL_REFINER,
          SD3,
          QWEN_IMAGE,
          WAN,
          ANIMA,
          GPT2,
          GPT_NEOX,
          OPT,
          T5,
          BERT,
          GENERIC ->
          this;
    };
  }
}
