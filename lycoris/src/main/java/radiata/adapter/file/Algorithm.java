package radiata.adapter.file;

/// The algorithms as the field names them.
public enum Algorithm {
  LORA("lora");

  private final String id;

  Algorithm(String id) {
    this.id = id;
  }

  public String id() {
    return id;
  }
}
