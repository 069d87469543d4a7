package radiata.cli.command;

/// A command line that makes no sense: exit code 2.
public final class UsageException extends RuntimeException {
  public UsageException(String what) {
    super(what);
  }
}
