package radiata.batch;

import java.util.List;

/// What became of a job.
public sealed interface Result {
  /// The output stands under its name.
  ///
  /// @param warnings what the user should know, a sentence each
  /// @param bytes of its weight files
  record Done(List<String> warnings, long bytes) implements Result {
    public Done {
      warnings = List.copyOf(warnings);
    }
  }

  /// The output was there already.
  record Skipped(String why, long bytes) implements Result {}

  /// A dry run: the output would be written.
  record Planned(List<String> warnings, long bytes) implements Result {
    public Planned {
      warnings = List.copyOf(warnings);
    }
  }

  /// Nothing new stands under the output's name.
  record Failed(Exception why) implements Result {}
}
