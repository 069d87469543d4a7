package radiata.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import radiata.adapter.dialect.AdapterNames;
import radiata.adapter.dialect.AdapterWriter;
import radiata.adapter.dialect.Conversion;
import radiata.adapter.dialect.Converted;
import radiata.adapter.file.AdapterFile;
import radiata.bake.DtypeNames;
import radiata.cli.report.Console;
import radiata.cli.report.Progress;
import radiata.names.Dialect;
import radiata.names.NameTable;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.provenance.Recipe;

/// Converts an adapter.
///
/// @param base the model it is for; null to know its names by the family
record AdapterConverting(
    Dialect to,
    @Nullable String base,
    @Nullable String adapterName,
    boolean drop,
    ConvertCommand.Target target) {

  void run(Path input, Console console) throws IOException {
    try (AdapterFile file = AdapterFile.open(input, Limits.DEFAULT, adapterName)) {
      Conversion.Request request = new Conversion.Request(to, target.dtype().orElse(null), drop);
      Converted converted = Conversion.of(file, names(file), request);
      converted.notes().forEach(console::warn);
      if (!target.dryRun()) {
        AdapterWriter writer = new AdapterWriter(converted, file, recipe(), target.date());
        try (Progress progress = console.progress("converting", bytes(converted))) {
          writer.write(target.output(), target.replace(), progress::add);
        }
      }
      new ConvertView(target, console).done(file, converted);
    }
  }

  private static long bytes(Converted converted) {
    return converted.tensors().values().stream()
        .mapToLong(content -> content.shape().elements() * content.dtype().bytes())
        .sum();
  }

  private Recipe recipe() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("to", to.id());
    settings.put("dtype", target.dtype().map(DtypeNames::of).orElse(DtypeNames.KEEP));
    if (drop) {
      settings.put("drop-unsupported", "true");
    }
    if (adapterName != null) {
      settings.put("adapter-name", adapterName);
    }
    return new Recipe("convert", settings);
  }

  private NameTable names(AdapterFile file) throws IOException {
    if (base == null) {
      return AdapterNames.of(file, to);
    }
    try (Checkpoint model = Models.open(Arguments.path(base))) {
      return Models.names(model);
    }
  }
}
