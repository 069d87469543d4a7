package radiata.convention;

/// The algorithms as the field names them.
public enum Algorithm {
  /// LoRA, LoCon, DyLoRA.
  LORA("lora"),
  LOHA("loha"),
  LOKR("lokr"),
  GLORA("glora"),
  IA3("ia3"),
  /// A stored difference.
  FULL("full"),
  /// A stored difference of a normalisation layer.
  NORM("norm"),
  OFT("oft"),
  BOFT("boft"),
  TLORA("tlora"),
  /// A weight that takes the place of the base's.
  WHOLE("whole");

  private final String id;

  Algorithm(String id) {
    this.id = id;
  }

  public String id() {
    return id;
  }
}
