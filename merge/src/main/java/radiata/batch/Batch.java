package radiata.batch;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Limits;
import radiata.safetensors.TensorSpec;

/// Does the jobs of a manifest: those of one base together, so that it is read once. Outputs that
/// are there already are left alone, a job that fails leaves the others alone.
public final class Batch {
  private final List<Job> jobs;
  private final Shard shard;
  private final Settings settings;
  private final Map<Path, Map<Optional<DType>, Long>> sizes = new HashMap<>();

  /// How a batch is done.
  ///
  /// @param dryRun whether nothing is written
  /// @param resume whether what the journal says of finished outputs is believed, so that their
  ///   data need not be read again
  public record Settings(Path journal, int threads, boolean dryRun, boolean resume) {}

  /// Told of every job when it is over.
  public interface Listener {
    void over(Job job, Result result);

    /// Bytes that have been written, or were there already; told by any thread.
    void progress(long bytes);
  }

  /// @param shard which of the manifest's jobs are done
  public Batch(Manifest manifest, Shard shard, Settings settings) {
    this.settings = settings;
    this.shard = shard;
    this.jobs = shard.of(manifest.jobs(), this::bytes);
  }

  /// The jobs of this shard, in the order in which they are done.
  public List<Job> jobs() {
    return jobs;
  }

  /// About what a job writes, from the header of its base; 1 if that cannot be read.
  public long bytes(Job job) {
    Optional<DType> dtype =
        switch (job) {
          case BakeJob bake -> bake.options().dtype();
        };
    return sizes
        .computeIfAbsent(job.base(), path -> new HashMap<>())
        .computeIfAbsent(dtype, to -> bytes(job.base(), to));
  }

  private static long bytes(Path base, Optional<DType> dtype) {
    try (Checkpoint model = Checkpoint.open(base, Limits.DEFAULT)) {
      List<TensorSpec> specs =
          model.tensors().stream()
              .map(stored -> stored.info().spec())
              .map(spec ->
                  dtype.isPresent() && spec.dtype().computable()
                      ? new TensorSpec(spec.name(), dtype.get(), spec.shape())
                      : spec)
              .toList();
      return specs.stream()
          .mapToLong(spec -> Header.inOrder(List.of(spec), Map.of()).dataBytes())
          .sum();
    } catch (IOException | RuntimeException e) {
      return 1;
    }
  }

  /// Does all jobs.
  ///
  /// @param words what the journal says of a failure
  /// @throws IOException if the journal cannot be written
  public void run(Function<Exception, String> words, Listener listener) throws IOException {
    if (settings.dryRun()) {
      for (List<Job> group : groups()) {
        new Group(group, settings).plan(listener);
      }
      return;
    }
    try (Journal journal = Journal.open(settings.journal(), settings.resume())) {
      Diary diary = new Diary(journal, words, listener);
      journal.begun(shard, jobs.size());
      for (List<Job> group : groups()) {
        new Group(group, settings).run(diary);
      }
      journal.ended(diary.done(), diary.skipped(), diary.failed());
    }
  }

  private List<List<Job>> groups() {
    Map<Path, List<Job>> groups = new LinkedHashMap<>();
    for (Job job : jobs) {
      groups.computeIfAbsent(job.base(), base -> new ArrayList<>()).add(job);
    }
    return List.copyOf(groups.values());
  }
}
