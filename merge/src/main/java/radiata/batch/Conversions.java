package radiata.batch;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// Conversions, done one after another.
final class Conversions {
  private final List<ConvertJob> jobs;
  private final Batch.Settings settings;

  Conversions(List<ConvertJob> jobs, Batch.Settings settings) {
    this.jobs = jobs;
    this.settings = settings;
  }

  void run(Diary diary) throws IOException {
    for (ConvertJob job : jobs) {
      try (Converting ready = Converting.open(job, settings.threads())) {
        run(job, ready, diary);
      } catch (IOException | RuntimeException e) {
        diary.failed(job, e);
      }
    }
  }

  private void run(ConvertJob job, Converting ready, Diary diary) throws IOException {
    Finished finished = new Finished(ready.output(), job.output());
    if (holds(finished, job, ready, diary.known(job))) {
      diary.over(job, skipped(ready, Finished.HOLDS), finished.known());
      return;
    }
    Files.createDirectories(Objects.requireNonNullElse(job.output().getParent(), job.output()));
    diary.started(job);
    List<String> warnings = new ArrayList<>(ready.warnings());
    try {
      warnings.addAll(ready.write(settings.threads(), diary::progress));
    } catch (IOException | RuntimeException e) {
      // Another process may have done the same job meanwhile.
      if (job.options().force() || !finished.madeMeanwhile(ready::provenance, settings.threads())) {
        throw e;
      }
      diary.over(job, skipped(ready, Finished.MEANWHILE), finished.known());
      return;
    }
    diary.over(job, new Result.Done(warnings, ready.outputBytes()), finished.headers());
  }

  /// Only plans: nothing is written.
  void plan(Batch.Listener listener) {
    for (ConvertJob job : jobs) {
      listener.over(job, planned(job));
    }
  }

  private Result planned(ConvertJob job) {
    try (Converting ready = Converting.open(job, settings.threads())) {
      Finished finished = new Finished(ready.output(), job.output());
      if (holds(finished, job, ready, finished.known())) {
        return skipped(ready, Finished.PROVENANCE_HOLDS);
      }
      return new Result.Planned(ready.warnings(), ready.outputBytes());
    } catch (IOException | RuntimeException e) {
      return new Result.Failed(e);
    }
  }

  private boolean holds(Finished finished, ConvertJob job, Converting ready, List<String> headers)
      throws IOException {
    return finished.holds(ready::provenance, headers, job.options().force(), settings.threads());
  }

  private static Result.Skipped skipped(Converting ready, String why) {
    return new Result.Skipped(why, ready.outputBytes());
  }
}
