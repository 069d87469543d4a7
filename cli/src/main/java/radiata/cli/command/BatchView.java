package radiata.cli.command;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import radiata.batch.BakeJob;
import radiata.batch.Batch;
import radiata.batch.ConvertJob;
import radiata.batch.Job;
import radiata.batch.Manifest;
import radiata.batch.Result;
import radiata.batch.Shard;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Progress;
import radiata.cli.report.Sizes;
import radiata.cli.report.Table;
import radiata.cli.report.Text;
import radiata.safetensors.provenance.Recipe;

/// Shows what becomes of the jobs of a batch, for a reader or as a document.
final class BatchView {
  private final Manifest manifest;
  private final Shard shard;
  private final boolean dryRun;
  private final Console console;
  private final List<String> failures = new ArrayList<>();
  private final Map<Integer, Row> rows = new TreeMap<>();
  private final Map<String, Integer> counts = new LinkedHashMap<>();
  private long bytes;

  /// One job for a reader and for a document.
  private record Row(List<Object> cells, JsonObject document) {}

  BatchView(Manifest manifest, Shard shard, boolean dryRun, Console console) {
    this.manifest = manifest;
    this.shard = shard;
    this.dryRun = dryRun;
    this.console = console;
    List.of("done", "planned", "skipped", "failed").forEach(state -> counts.put(state, 0));
  }

  Batch.Listener listener(Progress progress) {
    return new Batch.Listener() {
      @Override
      public void over(Job job, Result result) {
        progress.close();
        BatchView.this.over(job, result);
      }

      @Override
      public void progress(long some) {
        progress.add(some);
      }
    };
  }

  private void over(Job job, Result result) {
    switch (result) {
      case Result.Done(List<String> warnings, long size) -> {
        warn(job, warnings);
        bytes += size;
        state(job, "done", size, "");
      }
      case Result.Planned(List<String> warnings, long size) -> {
        warn(job, warnings);
        bytes += size;
        state(job, "planned", size, "");
      }
      case Result.Skipped(String why, long size) -> state(job, "skipped", size, why);
      case Result.Failed(Exception why) -> failed(job, why);
    }
  }

  private void warn(Job job, List<String> warnings) {
    warnings.forEach(warning -> console.warn(job.name() + ": " + warning));
  }

  private void failed(Job job, Exception why) {
    Failure failure = Failure.of(why);
    failures.add("%s, %s".formatted(job.name(), job.place()) + ": " + failure.said());
    console.error(
        "radiata batch: %s: job %d, %s: %s"
            .formatted(manifest.file(), job.number(), job.place(), failure.said()));
    console.trace(why);
    JsonObject object = state(job, "failed", 0, failure.said());
    object.add("error", failure.document().get("error"));
  }

  private JsonObject state(Job job, String state, long size, String why) {
    counts.merge(state, 1, Integer::sum);
    if (!dryRun && !state.equals("failed")) {
      console.say(
          "%-8s %s%s"
              .formatted(state, Text.safe(job.name()), why.isEmpty() ? "" : "  (" + why + ")"));
    }
    JsonObject object = new JsonObject();
    object.addProperty("job", job.number());
    object.addProperty("output", job.output().toString());
    object.addProperty("verb", verb(job));
    object.addProperty(input(job), job.reads().toString());
    object.addProperty("state", state);
    object.addProperty("bytes", size);
    object.add("why", Json.text(why.isEmpty() ? null : why));
    List<Object> cells =
        List.of(
            job.number(),
            job.name(),
            verb(job),
            String.valueOf(job.reads().getFileName()),
            with(job),
            size == 0 ? "-" : Sizes.bytes(size),
            why.isEmpty() ? state : state + ": " + why);
    rows.put(job.number(), new Row(cells, object));
    return object;
  }

  private static String verb(Job job) {
    return switch (job) {
      case BakeJob _ -> "bake";
      case ConvertJob _ -> "convert";
    };
  }

  /// What the verb calls the model that it reads.
  private static String input(Job job) {
    return switch (job) {
      case BakeJob _ -> "base";
      case ConvertJob _ -> "input";
    };
  }

  /// The adapters of a bake, what a conversion is to.
  private static String with(Job job) {
    return switch (job) {
      case BakeJob bake ->
          String.join(
              " + ",
              bake.adapters().stream()
                  .map(use -> use.adapter().getFileName() + ":" + Recipe.number(use.strength()))
                  .toList());
      case ConvertJob convert -> convert.options().to().map(to -> "to " + to).orElse("-");
    };
  }

  /// Says how it ended.
  ///
  /// @return whether no job has failed
  boolean done() {
    if (console.json()) {
      JsonObject document = Json.document();
      document.addProperty("manifest", manifest.file().toString());
      document.addProperty("shard", shard.toString());
      document.addProperty("dry_run", dryRun);
      counts.forEach(document::addProperty);
      document.addProperty("bytes", bytes);
      document.add("jobs", Json.array(rows.values(), Row::document));
      console.document(document);
    } else {
      if (dryRun) {
        console.heading(
            "Jobs of %s, nothing is written".formatted(Text.safe(manifest.file().toString())));
        Table table = new Table("job", "output", "", "of", "with", "bytes", "");
        rows.values().forEach(row -> table.row(row.cells().toArray()));
        console.table(table);
      }
      console.say(summary());
      failures.forEach(failure -> console.say("failed   " + Text.safe(failure)));
    }
    return failures.isEmpty();
  }

  private String summary() {
    String part =
        shard.equals(Shard.WHOLE)
            ? ""
            : "shard %s, %d of %s: "
                .formatted(shard, rows.size(), Sizes.plural(manifest.jobs().size(), "job"));
    List<String> states = new ArrayList<>();
    counts.forEach((state, count) -> {
      if (count > 0) {
        states.add("%d %s".formatted(count, state));
      }
    });
    return part
        + (states.isEmpty() ? "nothing to do" : String.join(", ", states))
        + (bytes == 0
            ? ""
            : ", %s %s".formatted(Sizes.bytes(bytes), dryRun ? "to write" : "written"));
  }
}
