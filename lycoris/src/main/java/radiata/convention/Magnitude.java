package radiata.convention;

/// The key under which a file stores DoRA's magnitude. Runtimes read some and drop the others.
public enum Magnitude {
  /// LyCORIS, OneTrainer.
  DORA_SCALE("dora_scale"),
  /// PEFT, diffusers; OneTrainer's diffusers form adds `.weight`.
  LORA_MAGNITUDE_VECTOR("lora_magnitude_vector"),
  /// ai-toolkit.
  MAGNITUDE("magnitude");

  private final String key;

  Magnitude(String key) {
    this.key = key;
  }

  public String key() {
    return key;
  }
}
