package radiata.batch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import radiata.adapter.file.AdapterFile;
import radiata.bake.BakeException;
import radiata.bake.BakePlan;
import radiata.bake.BakeReport;
import radiata.bake.BakeRequest;
import radiata.bake.Baker;
import radiata.bake.Baking;
import radiata.bake.Digests;
import radiata.bake.Planner;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.provenance.Provenance;

/// Bakes that are done in one pass over their base. Each adapter file is opened once for all of
/// them.
final class Wave implements AutoCloseable {
  private final List<BakeJob> jobs;
  private final Checkpoint base;
  private final Digests digests;
  private final Batch.Settings settings;
  private final Map<Named, AdapterFile> adapters = new HashMap<>();

  private record Named(Path file, @Nullable String name) {}

  Wave(List<BakeJob> jobs, Checkpoint base, Digests digests, Batch.Settings settings) {
    this.jobs = jobs;
    this.base = base;
    this.digests = digests;
    this.settings = settings;
  }

  void run(Diary diary) throws IOException {
    IdentityHashMap<Baking, BakeJob> todo = new IdentityHashMap<>();
    List<Baking> bakings = new ArrayList<>();
    for (BakeJob job : jobs) {
      try {
        Baking baking = baking(job);
        if (holds(job, baking, diary.known(job))) {
          diary.over(job, skipped(baking, Finished.HOLDS), finished(job, baking).known());
          continue;
        }
        Files.createDirectories(Objects.requireNonNullElse(job.output().getParent(), job.output()));
        diary.started(job);
        bakings.add(baking);
        todo.put(baking, job);
      } catch (IOException | RuntimeException e) {
        diary.failed(job, e);
      }
    }
    Baker.bakeAll(bakings, digests, settings.threads(), diary::progress, new Ends(todo, diary));
  }

  /// Tells the diary how bakes end.
  private final class Ends implements Baker.Listener {
    private final IdentityHashMap<Baking, BakeJob> jobs;
    private final Diary diary;

    Ends(IdentityHashMap<Baking, BakeJob> jobs, Diary diary) {
      this.jobs = jobs;
      this.diary = diary;
    }

    @Override
    public void baked(Baking output, BakeReport report) throws IOException {
      BakePlan plan = output.plan();
      BakeJob job = job(output);
      if (job.options().verify()) {
        try {
          Baker.verify(plan, output.output(), settings.threads(), bytes -> {});
        } catch (IOException | RuntimeException e) {
          diary.failed(job, e);
          return;
        }
      }
      List<String> headers = finished(job, output).headers();
      diary.over(job, new Result.Done(plan.warnings(), plan.outputBytes()), headers);
    }

    /// Another process may have done the same job meanwhile.
    @Override
    public void failed(Baking output, Exception why) throws IOException {
      BakeJob job = job(output);
      if (output.replace() == Replace.REFUSE && madeMeanwhile(job, output)) {
        diary.over(job, skipped(output, Finished.MEANWHILE), finished(job, output).known());
      } else {
        diary.failed(job, why);
      }
    }

    private BakeJob job(Baking output) {
      return Objects.requireNonNull(jobs.get(output));
    }
  }

  void plan(Batch.Listener listener) {
    for (BakeJob job : jobs) {
      listener.over(job, planned(job));
    }
  }

  private Result planned(BakeJob job) {
    try {
      Baking baking = baking(job);
      if (holds(job, baking, finished(job, baking).known())) {
        return skipped(baking, Finished.PROVENANCE_HOLDS);
      }
      return new Result.Planned(baking.plan().warnings(), baking.plan().outputBytes());
    } catch (IOException | RuntimeException e) {
      return new Result.Failed(e);
    }
  }

  private static Finished finished(BakeJob job, Baking baking) {
    return new Finished(baking.plan().output(), job.output());
  }

  private static Result.Skipped skipped(Baking baking, String why) {
    return new Result.Skipped(why, baking.plan().outputBytes());
  }

  private boolean holds(BakeJob job, Baking baking, List<String> headers) throws IOException {
    return finished(job, baking)
        .holds(
            () -> provenance(baking),
            headers,
            baking.replace() == Replace.FORCE,
            settings.threads());
  }

  private boolean madeMeanwhile(BakeJob job, Baking baking) throws IOException {
    return finished(job, baking).madeMeanwhile(() -> provenance(baking), settings.threads());
  }

  private Provenance provenance(Baking baking) throws IOException {
    return Baker.provenance(baking.plan(), digests, settings.threads());
  }

  private Baking baking(BakeJob bake) throws IOException {
    BakeJob.Options options = bake.options();
    List<BakeRequest.Use> uses = new ArrayList<>();
    for (BakeJob.Use use : bake.adapters()) {
      uses.add(
          new BakeRequest.Use(
              adapter(new Named(use.adapter(), options.adapterName())), use.strength()));
    }
    BakeRequest request =
        new BakeRequest(
            uses,
            options.profile(),
            options.dtype(),
            options.unet(),
            options.textEncoder(),
            options.blocks(),
            options.allowUnmatched(),
            options.writing());
    return new Baking(
        plan(bake, request), bake.output(), options.force() ? Replace.FORCE : Replace.REFUSE);
  }

  private BakePlan plan(BakeJob job, BakeRequest request) throws IOException {
    try {
      return Planner.plan(base, request, job.output());
    } catch (IllegalArgumentException e) {
      throw new BakeException(
          job.base(),
          null,
          "blocks, at %s of the manifest: %s".formatted(job.place(), e.getMessage()));
    }
  }

  private AdapterFile adapter(Named named) throws IOException {
    AdapterFile open = adapters.get(named);
    if (open == null) {
      open = AdapterFile.open(named.file(), Limits.DEFAULT, named.name());
      adapters.put(named, open);
    }
    return open;
  }

  @Override
  public void close() throws IOException {
    for (AdapterFile file : adapters.values()) {
      file.close();
    }
  }
}
