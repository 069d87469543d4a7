package radiata.batch;

import radiata.bake.BakePlan;
import radiata.bake.BakeReport;

/// What became of a job.
public sealed interface Result {
  /// The output stands under its name.
  ///
  /// @param bytes of its weight files
  record Baked(BakePlan plan, BakeReport report, long bytes) implements Result {}

  /// The output was there already.
  record Skipped(String why, long bytes) implements Result {}

  /// A dry run: the output would be written.
  record Planned(BakePlan plan, long bytes) implements Result {}

  /// Nothing new stands under the output's name.
  record Failed(Exception why) implements Result {}
}
