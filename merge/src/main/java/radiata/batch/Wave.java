package radiata.batch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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

/// Jobs that are done in one pass over their base. Each adapter file is opened once for all of
/// them.
final class Wave implements AutoCloseable {
  private final List<Job> jobs;
  private final Checkpoint base;
  private final Digests digests;
  private final Batch.Settings settings;
  private final Map<Named, AdapterFile> adapters = new HashMap<>();

  private record Named(Path file, @Nullable String name) {}

  Wave(List<Job> jobs, Checkpoint base, Digests digests, Batch.Settings settings) {
    this.jobs = jobs;
    this.base = base;
    this.digests = digests;
    this.settings = settings;
  }

  void run(Diary diary) throws IOException {
    IdentityHashMap<Baking, Job> todo = new IdentityHashMap<>();
    List<Baking> bakings = new ArrayList<>();
    for (Job job : jobs) {
      try {
        Baking baking = baking(job);
        if (there(job)) {
          Optional<String> flaw = flaw(job, baking, diary.known(job));
          if (flaw.isEmpty()) {
            diary.over(
                job,
                skipped(baking, "finished: provenance and checksums hold"),
                headers(job, baking));
            continue;
          }
          requireForce(job, baking, flaw.get());
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
    private final IdentityHashMap<Baking, Job> jobs;
    private final Diary diary;

    Ends(IdentityHashMap<Baking, Job> jobs, Diary diary) {
      this.jobs = jobs;
      this.diary = diary;
    }

    @Override
    public void baked(Baking output, BakeReport report) throws IOException {
      BakePlan plan = output.plan();
      List<String> headers = new Finished(plan.output(), output.output()).headers();
      diary.over(job(output), new Result.Baked(plan, report, plan.outputBytes()), headers);
    }

    /// Another process may have done the same job meanwhile.
    @Override
    public void failed(Baking output, Exception why) throws IOException {
      Job job = job(output);
      if (output.replace() == Replace.REFUSE
          && there(job)
          && flaw(job, output, List.of()).isEmpty()) {
        diary.over(
            job, skipped(output, "another process has made it meanwhile"), headers(job, output));
      } else {
        diary.failed(job, why);
      }
    }

    private Job job(Baking output) {
      return Objects.requireNonNull(jobs.get(output));
    }
  }

  void plan(Batch.Listener listener) {
    for (Job job : jobs) {
      listener.over(job, planned(job));
    }
  }

  private Result planned(Job job) {
    try {
      Baking baking = baking(job);
      if (there(job)) {
        Optional<String> flaw = flaw(job, baking, headers(job, baking));
        if (flaw.isEmpty()) {
          return skipped(baking, "finished: provenance holds");
        }
        requireForce(job, baking, flaw.get());
      }
      return new Result.Planned(baking.plan(), baking.plan().outputBytes());
    } catch (IOException | RuntimeException e) {
      return new Result.Failed(e);
    }
  }

  /// The headers that an output has: with them its data are taken as they are.
  private static List<String> headers(Job job, Baking baking) {
    try {
      return new Finished(baking.plan().output(), job.output()).headers();
    } catch (IOException | RuntimeException e) {
      return List.of();
    }
  }

  private static Result.Skipped skipped(Baking baking, String why) {
    return new Result.Skipped(why, baking.plan().outputBytes());
  }

  private static boolean there(Job job) {
    return Files.exists(job.output(), LinkOption.NOFOLLOW_LINKS);
  }

  private Optional<String> flaw(Job job, Baking baking, List<String> headers) throws IOException {
    Provenance wanted = Baker.provenance(baking.plan(), digests, settings.threads());
    return new Finished(baking.plan().output(), job.output())
        .flaw(wanted, headers, settings.threads());
  }

  private static void requireForce(Job job, Baking baking, String flaw) {
    if (baking.replace() == Replace.REFUSE) {
      throw new BakeException(
          job.output(),
          null,
          "it exists and is not what this job makes: %s; remove it, or replace it with force = true"
              .formatted(flaw));
    }
  }

  private Baking baking(Job job) throws IOException {
    return switch (job) {
      case BakeJob bake -> {
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
        yield new Baking(
            plan(bake, request), bake.output(), options.force() ? Replace.FORCE : Replace.REFUSE);
      }
    };
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
