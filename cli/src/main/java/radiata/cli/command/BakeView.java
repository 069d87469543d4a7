package radiata.cli.command;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import radiata.bake.Applied;
import radiata.bake.BakePlan;
import radiata.bake.BakeReport;
import radiata.bake.Ledger;
import radiata.bake.Step;
import radiata.bake.Survival;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Sizes;
import radiata.cli.report.Table;
import radiata.cli.report.Text;

/// Shows a plan or a finished bake, for a reader or as a document.
record BakeView(BakePlan plan, Path output, Console console) {
  private static final int SHOWN = 12;

  void dryRun(int threads) {
    if (console.json()) {
      JsonObject document = document();
      document.add("plan", Json.array(plan.steps(), BakeView::document));
      document.addProperty("output_bytes", plan.outputBytes());
      document.addProperty("peak_bytes", plan.peakBytes(threads));
      console.document(document);
      return;
    }
    console.heading("Plan for %s, nothing is written".formatted(Text.safe(output.toString())));
    summary();
    Table table = new Table("tensor", "dtype", "shape", "changed by");
    int shown = 0;
    for (Step step : plan.steps()) {
      if (step instanceof Step.Change change && shown++ < SHOWN) {
        table.row(
            Text.safe(change.target().name()),
            change.target().dtype().name(),
            change.target().shape().toString(),
            Text.safe(by(change)));
      }
    }
    console.table(table);
    if (plan.changed() > SHOWN) {
      console.say("... and %d more; --json lists all".formatted(plan.changed() - SHOWN));
    }
    console.say(
        "output %s, memory at most about %s with %d threads"
            .formatted(
                Sizes.bytes(plan.outputBytes()), Sizes.bytes(plan.peakBytes(threads)), threads));
  }

  void done(BakeReport report) {
    if (console.json()) {
      JsonObject document = document();
      document.add("delta", Json.array(report.survival(), BakeView::document));
      console.document(document);
      return;
    }
    console.heading("Baked %s".formatted(Text.safe(output.toString())));
    summary();
    survival(report.survival());
    if (console.settings().verbose()) {
      console.note(
          String.format(
              Locale.ROOT,
              "read %.2f s, compute %.2f s, write %.2f s, sync %.2f s",
              report.read(),
              report.compute(),
              report.write(),
              report.sync()));
    }
  }

  private void summary() {
    console.say(
        "%s, runtime %s: %s changed, %d copied"
            .formatted(
                plan.family().id(),
                plan.profile().id(),
                Sizes.plural(plan.changed(), "tensor"),
                plan.steps().size() - plan.changed()));
    for (Ledger ledger : plan.ledgers()) {
      console.say(
          "  %s: %s applied%s"
              .formatted(
                  Text.safe(String.valueOf(ledger.adapter().path().getFileName())),
                  Sizes.plural(ledger.applied(), "tensor"),
                  rest(ledger)));
    }
  }

  private static String rest(Ledger ledger) {
    StringBuilder text = new StringBuilder();
    if (ledger.filtered() > 0) {
      text.append(", ").append(ledger.filtered()).append(" filtered");
    }
    if (!ledger.ignored().isEmpty()) {
      text.append(", ").append(ledger.ignored().size()).append(" ignored");
    }
    if (!ledger.unmatched().isEmpty()) {
      text.append(", ").append(ledger.unmatched().size()).append(" unmatched");
    }
    return text.toString();
  }

  private void survival(List<Survival> all) {
    if (all.isEmpty()) {
      return;
    }
    double least = all.stream().mapToDouble(Survival::kept).min().orElse(1);
    double mean = all.stream().mapToDouble(Survival::kept).average().orElse(1);
    long overflow = all.stream().mapToLong(Survival::overflow).sum();
    console.say(
        String.format(
            Locale.ROOT,
            "rounding keeps %.1f %% of the change on average, %.1f %% in the worst tensor",
            100 * mean,
            100 * least));
    if (overflow > 0) {
      console.warn("%d values overflow the output's dtype".formatted(overflow));
    }
  }

  private static String by(Step.Change change) {
    return String.join(
        " + ",
        change.applied().stream()
            .map(a -> a.module().algorithm().id() + (a.module().axis().isPresent() ? "+dora" : ""))
            .toList());
  }

  private JsonObject document() {
    JsonObject document = Json.document();
    document.addProperty("output", output.toString());
    document.addProperty("runtime", plan.profile().id());
    JsonObject tensors = new JsonObject();
    tensors.addProperty("copied", plan.steps().size() - plan.changed());
    tensors.addProperty("changed", plan.changed());
    document.add("tensors", tensors);
    document.add("ledger", Json.array(plan.ledgers(), BakeView::document));
    document.add("delta", new JsonArray());
    return document;
  }

  private static JsonObject document(Ledger ledger) {
    JsonObject object = new JsonObject();
    object.addProperty("adapter", ledger.adapter().path().toString());
    object.addProperty("applied", ledger.applied());
    object.addProperty("filtered", ledger.filtered());
    object.add("ignored", Json.texts(ledger.ignored()));
    object.add("unmatched", Json.texts(ledger.unmatched()));
    object.add("misfit", Json.texts(ledger.misfit()));
    object.add("unsupported", Json.texts(ledger.unsupported()));
    object.add("duplicate", Json.texts(ledger.duplicate()));
    return object;
  }

  private static JsonObject document(Survival survival) {
    JsonObject object = new JsonObject();
    object.addProperty("tensor", survival.tensor());
    object.add("kept", Json.number(survival.kept()));
    object.add("unchanged", Json.number(survival.unchanged()));
    object.addProperty("overflow", survival.overflow());
    return object;
  }

  private static JsonObject document(Step step) {
    JsonObject object = new JsonObject();
    object.addProperty("tensor", Models.label(step.source()));
    object.addProperty("dtype", step.target().dtype().name());
    object.add("shape", Json.shape(step.target().shape()));
    switch (step) {
      case Step.Copy _ -> object.addProperty("action", "copy");
      case Step.Scale _ -> object.addProperty("action", "rescale");
      case Step.Convert _ -> object.addProperty("action", "convert");
      case Step.Change change -> {
        object.addProperty("action", "change");
        object.add("by", Json.array(change.applied(), BakeView::document));
      }
    }
    return object;
  }

  private static JsonObject document(Applied applied) {
    JsonObject object = new JsonObject();
    object.addProperty("adapter", applied.file().path().toString());
    object.addProperty("module", applied.module().name());
    object.addProperty("algorithm", applied.module().algorithm().id());
    object.addProperty("strength", applied.strength());
    return object;
  }
}
