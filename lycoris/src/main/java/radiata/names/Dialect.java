package radiata.names;

/// Whose way of writing adapter keys a file follows.
public enum Dialect {
  /// `lora_unet_` + diffusers path (SD1, SD2) or LDM path (SDXL), `lora_te_`, `lora_te1_`,
  /// `lora_te2_`.
  KOHYA("kohya"),
  /// `lora_unet_` + diffusers path on a family whose kohya names are LDM paths: OneTrainer's legacy
  /// form.
  KOHYA_DIFFUSERS("kohya-diffusers"),
  /// `lycoris_` + path.
  LYCORIS("lycoris"),
  /// `unet.`, `text_encoder.`, `transformer.` + path, `lora_A`/`lora_B` or `lora.down`/`lora.up`,
  /// old processor names too.
  DIFFUSERS("diffusers"),
  /// `base_model.model.` + path, with `adapter_config.json`.
  PEFT("peft"),
  /// `diffusion_model.` + the base's own path.
  COMFYUI("comfyui"),
  /// `transformer.` + path with `.magnitude`.
  AITOOLKIT("aitoolkit"),
  UNKNOWN("unknown");

  /// What PEFT puts before the path of every module.
  public static final String PEFT_PREFIX = "base_model.model.";

  private final String id;

  Dialect(String id) {
    this.id = id;
  }

  public String id() {
    return id;
  }
}
