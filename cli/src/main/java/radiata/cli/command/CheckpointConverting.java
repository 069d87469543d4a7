package radiata.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import radiata.cli.report.Console;
import radiata.cli.report.Progress;
import radiata.convert.CheckpointConversion;
import radiata.convert.ConversionPlan;
import radiata.convert.ConversionReport;
import radiata.convert.ConversionRequest;
import radiata.convert.TargetLayout;
import radiata.convert.folder.Prediction;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Shards;

/// Converts a checkpoint.
///
/// @param shards the most that a file may hold, as the user wrote it; null for no limit
/// @param prediction `epsilon` or `v`; null to believe the file
record CheckpointConverting(
    TargetLayout layout,
    @Nullable String shards,
    @Nullable String prediction,
    ConvertCommand.Target target) {

  void run(Path input, Console console) throws IOException {
    ConversionRequest request =
        new ConversionRequest(
            layout,
            target.dtype(),
            shards == null ? OptionalLong.empty() : OptionalLong.of(size(shards)),
            predicted(),
            target.date());
    try (Checkpoint model = Models.open(input)) {
      ConversionPlan plan = CheckpointConversion.plan(model, request, target.output());
      plan.warnings().forEach(console::warn);
      if (target.dryRun()) {
        new ConvertView(target, console).done(plan, Optional.empty());
        return;
      }
      try (Progress progress = console.progress("converting", plan.outputBytes())) {
        ConversionReport report =
            CheckpointConversion.run(
                plan, target.output(), target.replace(), console.threads(), progress::add);
        report.overflows().forEach(overflow -> console.warn(overflow.warning()));
        new ConvertView(target, console).done(plan, Optional.of(report));
      }
    }
  }

  private static long size(String text) {
    try {
      return Shards.parseSize(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--max-shard-size: " + e.getMessage());
    }
  }

  private Optional<Prediction> predicted() {
    if (prediction == null) {
      return Optional.empty();
    }
    return Optional.of(prediction.equals("v") ? Prediction.V : Prediction.EPSILON);
  }
}
