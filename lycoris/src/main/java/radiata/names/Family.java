package radiata.names;

/// A family of models that share their modules.
public enum Family {
  SD1("sd1"),
  SD2("sd2"),
  SDXL("sdxl"),
  SDXL_REFINER("sdxl-refiner"),
  LLAMA("llama"),
  /// Anything else: its own names are its names.
  GENERIC("unknown");

  private final String id;

  Family(String id) {
    this.id = id;
  }

  public String id() {
    return id;
  }
}
