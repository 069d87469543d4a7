package radiata.cli.command;

import com.google.gson.JsonObject;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import radiata.adapter.dialect.Converted;
import radiata.adapter.file.AdapterFile;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Sizes;
import radiata.convert.ConversionPlan;
import radiata.convert.ConversionReport;
import radiata.extract.AxisConversion.Residual;
import radiata.names.Family;

/// What `convert` says when it is done, or would be.
final class ConvertView {
  private static final int SHOWN = 10;

  private final ConvertCommand.Target target;
  private final Console console;

  ConvertView(ConvertCommand.Target target, Console console) {
    this.target = target;
    this.console = console;
  }

  /// @param residuals how far layers that were fitted are from what they were
  void done(AdapterFile file, Converted converted, List<Residual> residuals) {
    if (console.json()) {
      JsonObject document = document();
      document.addProperty("from", file.dialect().id());
      document.addProperty("to", converted.dialect().id());
      document.addProperty("modules", converted.modules());
      document.addProperty("tensors", converted.tensors().size());
      document.add("dropped", Json.texts(converted.dropped()));
      document.add("notes", Json.texts(converted.notes()));
      document.add(
          "residuals",
          Json.array(
              residuals,
              residual -> {
                JsonObject one = new JsonObject();
                one.addProperty("module", residual.module());
                one.addProperty("distance", residual.distance());
                return one;
              }));
      console.document(document);
      return;
    }
    console.say(
        "%s: %s from %s to %s%s"
            .formatted(
                target.output(),
                Sizes.plural(converted.modules(), "module"),
                file.dialect().id(),
                converted.dialect().id(),
                target.dryRun() ? "; nothing was written" : ""));
    list("left out", converted.dropped());
    residuals(residuals);
  }

  private void residuals(List<Residual> residuals) {
    if (residuals.isEmpty()) {
      return;
    }
    console.say(
        "fitted along the other axis; what is left of the change of each layer, the largest first:");
    residuals.stream()
        .sorted(Comparator.comparingDouble(Residual::distance).reversed())
        .limit(SHOWN)
        .forEach(
            each -> console.say("  %6.2f %%  %s".formatted(100 * each.distance(), each.module())));
    if (residuals.size() > SHOWN) {
      console.say("  and %d more; --json lists all".formatted(residuals.size() - SHOWN));
    }
  }

  /// @param report of what was done; empty for a plan alone
  void done(ConversionPlan plan, Optional<ConversionReport> report) {
    if (console.json()) {
      JsonObject document = document();
      document.add("family", Json.text(plan.family().map(Family::id).orElse(null)));
      document.addProperty("tensors", plan.steps().size());
      document.addProperty("converted", plan.converted());
      document.addProperty("output_bytes", plan.outputBytes());
      document.add("dropped", Json.texts(plan.dropped()));
      document.add("added", Json.texts(plan.added()));
      document.add("warnings", Json.texts(plan.warnings()));
      document.add(
          "overflows",
          Json.array(
              report.map(ConversionReport::overflows).orElse(List.of()),
              overflow -> {
                JsonObject one = new JsonObject();
                one.addProperty("tensor", overflow.tensor());
                one.addProperty("count", overflow.count());
                return one;
              }));
      console.document(document);
      return;
    }
    console.say(
        "%s: %s, %s in another dtype, %s%s"
            .formatted(
                target.output(),
                Sizes.plural(plan.steps().size(), "tensor"),
                plan.converted(),
                Sizes.bytes(plan.outputBytes()),
                target.dryRun() ? "; nothing was written" : ""));
  }

  private JsonObject document() {
    JsonObject document = Json.document();
    document.addProperty("output", target.output().toString());
    return document;
  }

  private void list(String title, List<String> names) {
    if (!names.isEmpty()) {
      console.say(
          "%s: %s: %s"
              .formatted(title, Sizes.plural(names.size(), "tensor"), String.join(", ", names)));
    }
  }
}
