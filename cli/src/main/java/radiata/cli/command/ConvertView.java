package radiata.cli.command;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import radiata.adapter.dialect.Converted;
import radiata.adapter.file.AdapterFile;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Sizes;

/// What `convert` says of an adapter.
final class ConvertView {
  private final AdapterFile file;
  private final Converted converted;
  private final Path output;
  private final Console console;

  ConvertView(AdapterFile file, Converted converted, Path output, Console console) {
    this.file = file;
    this.converted = converted;
    this.output = output;
    this.console = console;
  }

  void done() {
    if (console.json()) {
      JsonObject document = Json.document();
      document.addProperty("output", output.toString());
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
        "%s: %s from %s to %s"
            .formatted(
                output,
                Sizes.plural(converted.modules(), "module"),
                file.dialect().id(),
                converted.dialect().id()));
    if (!converted.dropped().isEmpty()) {
      console.say(
          "left out: "
              + Sizes.plural(converted.dropped().size(), "tensor")
              + ": "
              + String.join(", ", converted.dropped()));
    }
  }
}
