package radiata.safetensors.provenance;

/// Which radiata this is.
public final class ProgramVersion {
  private ProgramVersion() {}

  /// From the manifest of the jar; `development` where the classes lie in a folder.
  public static String number() {
    String version = ProgramVersion.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
