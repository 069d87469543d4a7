package radiata.names;

/// A family of models that share their modules.
public enum Family {
  /// Stable Diffusion 1.x.
  SD1("sd1"),
  /// Stable Diffusion 2.x.
  SD2("sd2"),
  /// Stable Diffusion XL, its distilled SSD-1B and Vega included: their modules are a part of it.
  SDXL("sdxl"),
  SDXL_REFINER("sdxl-refiner"),
  SD3("sd3"),
  FLUX("flux"),
  /// Decoders named as Llama names them: Llama, Mistral, Qwen, Gemma.
  LLAMA("llama"),
  GPT2("gpt2"),
  /// Anything else: its own names are its names.
  GENERIC("unknown");

  private final String id;

  Family(String id) {
    this.id = id;
  }

  public String id() {
    return id;
  }

  /// Whether the family has a table of names; the others are found by their own names.
  public boolean hasTable() {
    return switch (this) {
      case SD1, SD2, SDXL, SDXL_REFINER -> true;
      case SD3, FLUX, LLAMA, GPT2, GENERIC -> false;
    };
  }
}
