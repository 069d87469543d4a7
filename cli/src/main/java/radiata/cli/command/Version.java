package radiata.cli.command;

import radiata.safetensors.provenance.ProgramVersion;

/// Which radiata this is.
public final class Version {
  private Version() {}

  static String number() {
    return ProgramVersion.number();
  }

  /// Name, version and JDK in one line.
  public static String line() {
    return "radiata %s (JDK %s, %s)\n"
        .formatted(number(), Runtime.version(), System.getProperty("java.vendor"));
  }
}
