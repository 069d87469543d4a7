package radiata.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.commons.cli.Option;
import radiata.batch.Batch;
import radiata.batch.Manifest;
import radiata.batch.Shard;
import radiata.cli.report.Console;
import radiata.cli.report.Progress;

/// `batch`: many jobs from one manifest, on one machine or many.
final class BatchCommand implements Command {
  private static final Option OUTPUT =
      Flags.value("o", "output", "DIR", "the folder of the outputs, instead of the manifest's");
  private static final Option DRY_RUN =
      Flags.flag("dry-run", "show the jobs and the bytes they will write; write nothing");
  private static final Option RESUME =
      Flags.flag("resume", "go on with the journal: outputs it calls done are not read again");
  private static final Option JOURNAL =
      Flags.value("journal", "FILE", "where the journal is (default: JOBS.journal.jsonl)");
  private static final Option SHARD =
      Flags.value(
          "shard", "I/N", "do the I-th of N parts, from 1 on (default: as the scheduler says)");
  private static final Option SHARDS =
      Flags.value(
          "shards", "N", "how many parts there are, for schedulers that tell the index alone");

  @Override
  public String name() {
    return "batch";
  }

  @Override
  public String summary() {
    return "Does the jobs of a manifest; a base is read once for all its outputs.";
  }

  @Override
  public List<String> usage() {
    return List.of("JOBS.toml [--shard I/N] [--resume] [options]");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example("batch jobs.toml --dry-run", "which jobs there are, and what they will write"),
        new Example("batch jobs.toml", "all of them; what is finished already is left alone"),
        new Example("batch jobs.toml --resume", "go on after a crash or a failure"),
        new Example("batch jobs.toml --shard 2/4", "the second of four machines' parts"));
  }

  @Override
  public List<Section> sections() {
    return List.of(
        Section.of("Jobs", RESUME, JOURNAL, DRY_RUN),
        Section.of("Many machines", SHARD, SHARDS),
        Section.of("Output", OUTPUT));
  }

  @Override
  public List<String> notes() {
    return List.of(
        "A manifest has [grid] tables (bases x adapters x strengths) and [[bake]] tables, with the"
            + " options of 'radiata bake' as keys, and [[convert]] tables (inputs x forms), with"
            + " those of 'radiata convert'; docs/how-to/batch.md shows one. A job that fails does"
            + " not stop the others: they are listed at the end, and the exit code is 1.",
        "Array tasks of Slurm (SLURM_ARRAY_TASK_ID), pods of an indexed Job of Kubernetes"
            + " (JOB_COMPLETION_INDEX) and array jobs of AWS Batch (AWS_BATCH_JOB_ARRAY_INDEX) find"
            + " their part by themselves.");
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    Path file = Arguments.path(arguments.words("JOBS.toml").getFirst());
    Shard shard = shard(arguments);
    Manifest manifest = Manifest.read(file, arguments.text(OUTPUT).map(Arguments::path));
    Path journal =
        arguments.text(JOURNAL).map(Arguments::path).orElseGet(() -> journal(file, shard));
    boolean dryRun = arguments.has(DRY_RUN);
    Batch batch =
        new Batch(
            manifest,
            shard,
            new Batch.Settings(journal, console.threads(), dryRun, arguments.has(RESUME)));
    BatchView view = new BatchView(manifest, shard, dryRun, console);
    long bytes = batch.jobs().stream().mapToLong(batch::bytes).sum();
    try (Progress progress = console.progress("batch", bytes)) {
      batch.run(e -> Failure.of(e).said(), view.listener(progress));
    }
    return view.done() ? 0 : 1;
  }

  private static Shard shard(Arguments arguments) {
    OptionalInt count = arguments.integer(SHARDS, 1);
    try {
      Optional<Shard> asked = arguments.text(SHARD).map(Shard::parse);
      if (asked.isPresent()) {
        if (count.isPresent() && count.getAsInt() != asked.get().count()) {
          throw new UsageException("--shard and --shards tell of different numbers of parts");
        }
        return asked.get();
      }
      return Shard.of(System.getenv(), count)
          .orElseGet(() -> {
            if (count.orElse(1) > 1) {
              throw new UsageException(
                  "--shards: no scheduler has said which part this is; --shard I/N does");
            }
            return Shard.WHOLE;
          });
    } catch (IllegalArgumentException e) {
      throw new UsageException("--shard: " + e.getMessage());
    }
  }

  /// Beside the manifest, one for each shard.
  private static Path journal(Path manifest, Shard shard) {
    String name = String.valueOf(manifest.getFileName());
    String stem = name.endsWith(".toml") ? name.substring(0, name.length() - 5) : name;
    String part =
        shard.equals(Shard.WHOLE) ? "" : "-%dof%d".formatted(shard.index() + 1, shard.count());
    return manifest.resolveSibling(stem + ".journal" + part + ".jsonl");
  }
}
