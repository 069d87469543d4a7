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
import radiata.bake.ModelFiles;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.TensorSpec;

/// Does the jobs of a manifest: the bakes of one base together, so that it is read once, then the
/// conversions of that model. Outputs that are there already are left alone, a job that fails
/// leaves the others alone.
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

  /// About what a job writes, from the header of the model that it reads; 1 if that cannot be read.
  public long bytes(Job job) {
    Optional<DType> dtype =
        switch (job) {
          case BakeJob bake -> bake.options().dtype();
          case ConvertJob convert -> convert.options().dtype();
        };
    return sizes
        .computeIfAbsent(job.reads(), path -> new HashMap<>())
        .computeIfAbsent(dtype, to -> bytes(job.reads(), to));
  }

  private static long bytes(Path path, Optional<DType> dtype) {
    try (Checkpoint model = ModelFiles.open(path)) {
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
      for (Batched same : batched()) {
        if (!same.bakes().isEmpty()) {
          new Group(same.bakes(), settings).plan(listener);
        }
        new Conversions(same.conversions(), settings).plan(listener);
      }
      return;
    }
    try (Journal journal = Journal.open(settings.journal(), settings.resume())) {
      Diary diary = new Diary(journal, words, listener);
      journal.begun(shard, jobs.size());
      for (Batched same : batched()) {
        if (!same.bakes().isEmpty()) {
          new Group(same.bakes(), settings).run(diary);
        }
        new Conversions(same.conversions(), settings).run(diary);
      }
      journal.ended(diary.done(), diary.skipped(), diary.failed());
    }
  }

  /// Jobs that read one model.
  private record Batched(List<BakeJob> bakes, List<ConvertJob> conversions) {}

  private List<Batched> batched() {
    Map<Path, Batched> groups = new LinkedHashMap<>();
    for (Job job : jobs) {
      Batched same =
          groups.computeIfAbsent(
              job.reads(), model -> new Batched(new ArrayList<>(), new ArrayList<>()));
      switch (job) {
        case BakeJob bake -> same.bakes().add(bake);
        case ConvertJob convert -> same.conversions().add(convert);
      }
    }
    return List.copyOf(groups.values());
  }
}
