package radiata.cli.command;

/// Which radiata this is.
public final class Version {
  private Version() {}

  /// From the manifest of the jar; `development` where the classes lie in a folder.
  static String number() {
    String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  /// Name, version and JDK in one line.
  public static String line() {
    return "radiata %s (JDK %s, %s)\n"
        .formatted(number(), Runtime.version(), System.getProperty("java.vendor"));
  }
}
