package radiata.cli.command;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// A command that refuses or fails: exit code 1. The message is one line without the file.
public final class CommandException extends RuntimeException {
  private final String code;
  private final @Nullable Path file;

  /// @param code what a program tells the cause by, in words joined by hyphens
  public CommandException(String code, @Nullable Path file, String what) {
    super(what);
    this.code = code;
    this.file = file;
  }

  String code() {
    return code;
  }

  @Nullable Path file() {
    return file;
  }
}
