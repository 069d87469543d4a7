package radiata.train.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import radiata.train.config.OutputSection;
import radiata.train.log.CsvLog;
import radiata.train.log.StepRecord;
import radiata.train.log.TensorboardLog;

/// The logs of a run.
record RunLogs(CsvLog csv, @Nullable TensorboardLog tensorboard) implements AutoCloseable {
  /// @param after the last step that was made before
  static RunLogs open(OutputSection output, int after) throws IOException {
    CsvLog csv = CsvLog.open(table(output), after);
    return new RunLogs(
        csv,
        output.tensorboard()
            ? TensorboardLog.open(
                output.folder().resolve("tensorboard"),
                after,
                () -> System.currentTimeMillis() / 1000.0)
            : null);
  }

  private static Path table(OutputSection output) {
    return output.folder().resolve(output.name() + "-log.csv");
  }

  /// The losses of the steps that were made before.
  static List<Double> losses(OutputSection output) throws IOException {
    return CsvLog.values(table(output), "loss/current");
  }

  void add(StepRecord record) throws IOException {
    csv.add(record);
    if (tensorboard != null) {
      tensorboard.add(record);
    }
  }

  @Override
  public void close() throws IOException {
    try (csv) {
      if (tensorboard != null) {
        tensorboard.close();
      }
    }
  }
}
