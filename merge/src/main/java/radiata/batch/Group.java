package radiata.batch;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import radiata.bake.Digests;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;

/// The bakes of one base, which is opened once. As many outputs as may be open at a time are made
/// in one pass over it.
final class Group {
  /// What a kill can cost, and what lies beside finished outputs on the disk.
  private static final int OUTPUTS = 32;

  private final List<BakeJob> jobs;
  private final Batch.Settings settings;
  private final Digests digests = new Digests();

  Group(List<BakeJob> jobs, Batch.Settings settings) {
    this.jobs = jobs;
    this.settings = settings;
  }

  /// What is done with the jobs of one pass.
  private interface Use {
    void of(Wave wave) throws IOException;
  }

  /// What is done with a job whose base cannot be opened.
  private interface Failed {
    void because(BakeJob job, Exception why) throws IOException;
  }

  void run(Diary diary) throws IOException {
    waves(wave -> wave.run(diary), diary::failed);
  }

  /// Only plans: nothing is read of the base beyond its header, nothing is written.
  void plan(Batch.Listener listener) throws IOException {
    waves(wave -> wave.plan(listener), (job, why) -> listener.over(job, new Result.Failed(why)));
  }

  private void waves(Use use, Failed failed) throws IOException {
    Checkpoint base;
    try {
      base = Checkpoint.open(jobs.getFirst().base(), Limits.DEFAULT);
    } catch (IOException | RuntimeException e) {
      for (BakeJob job : jobs) {
        failed.because(job, e);
      }
      return;
    }
    try (base) {
      for (List<BakeJob> some : cut(jobs)) {
        try (Wave wave = new Wave(some, base, digests, settings)) {
          use.of(wave);
        }
      }
    }
  }

  /// Runs of at most [#OUTPUTS] jobs. Jobs of the same adapters stay in one run where they fit.
  static List<List<BakeJob>> cut(List<BakeJob> jobs) {
    List<List<BakeJob>> families = new ArrayList<>();
    for (BakeJob job : jobs) {
      boolean next =
          families.isEmpty()
              || families.getLast().size() == OUTPUTS
              || !Shard.family(families.getLast().getLast()).equals(Shard.family(job));
      if (next) {
        families.add(new ArrayList<>());
      }
      families.getLast().add(job);
    }
    List<List<BakeJob>> cut = new ArrayList<>();
    for (List<BakeJob> family : families) {
      if (cut.isEmpty() || cut.getLast().size() + family.size() > OUTPUTS) {
        cut.add(new ArrayList<>());
      }
      cut.getLast().addAll(family);
    }
    return cut;
  }
}
