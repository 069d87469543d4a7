package radiata.cli.command;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.Optional;
import radiata.adapter.dialect.Converted;
import radiata.adapter.file.AdapterFile;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Sizes;
import radiata.convert.ConversionPlan;
import radiata.convert.ConversionReport;
import radiata.names.Family;

/// What `convert` says when it is done, or would be.
final class ConvertView {
  private final ConvertCommand.Target target;
  private final Console console;

  ConvertView(ConvertCommand.Target target, Console console) {
    this.target = target;
    this.console = console;
  }

  void done(AdapterFile file, Converted converted) {
    if (console.json()) {
      JsonObject document = document();
      document.addProperty("from", file.dialect().id());
      document.addProperty("to", converted.dialect().id());
      document.addProperty("modules", converted.modules());
      document.addProperty("tensors", converted.tensors().size());
      document.add("dropped", Json.texts(converted.dropped()));
      document.add("notes", Json.texts(converted.notes()));
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
