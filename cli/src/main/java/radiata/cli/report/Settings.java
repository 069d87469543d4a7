package radiata.cli.report;

import org.jspecify.annotations.Nullable;

/// The options that every command takes.
///
/// @param json one JSON document on stdout, no progress, no colour
/// @param quiet no progress and no warnings
/// @param verbose a failure also prints its stack trace
/// @param colour whether to colour; null to decide by the terminal and the environment
/// @param threads how many threads work on tensors
public record Settings(
    boolean json, boolean quiet, boolean verbose, @Nullable Boolean colour, int threads) {
  public static Settings standard() {
    return new Settings(false, false, false, null, Runtime.getRuntime().availableProcessors());
  }
}
