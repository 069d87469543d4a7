package radiata.cli.command;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.commons.cli.Option;
import org.jspecify.annotations.Nullable;
import radiata.adapter.file.AdapterFile;
import radiata.cli.measure.Statistics;
import radiata.cli.report.Console;
import radiata.cli.report.Json;
import radiata.cli.report.Progress;
import radiata.cli.report.Text;
import radiata.names.NameTable;
import radiata.pipeline.Workers;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.Hashes;
import radiata.safetensors.TensorInfo;

/// `inspect`: what is this file, who wrote it, and how is that known.
final class InspectCommand implements Command {
  private static final Option KEYS = Flags.flag("keys", "list every tensor");
  private static final Option HASHES =
      Flags.flag("hashes", "SHA-256, AutoV2, AutoV3 and the legacy hash; reads the whole file");
  private static final Option STATS =
      Flags.flag("stats", "smallest, largest, mean, deviation of every tensor; reads all of it");
  private static final Option BASE =
      Flags.value("base", "BASE", "the model an adapter is meant for: shows what it would change");
  private static final Option ADAPTER_NAME =
      Flags.value("adapter-name", "NAME", "which of several named adapters of a PEFT file");

  /// A tensor and what its elements are like; empty for types whose elements are no numbers.
  record Measured(Stored stored, Optional<Statistics> statistics) {}

  /// What is shown only when asked for; null where it was not.
  record Extras(boolean keys, @Nullable Hashes hashes, @Nullable List<Measured> measured) {}

  @Override
  public String name() {
    return "inspect";
  }

  @Override
  public String summary() {
    return "Says what a file is: kind, family, dialect, algorithms, metadata, and why we think so.";
  }

  @Override
  public List<String> usage() {
    return List.of("FILE [--keys] [--hashes] [--stats] [--base BASE]");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example("inspect lora.safetensors", "what is this"),
        new Example("inspect lora.safetensors --base model.safetensors", "does it fit this model"),
        new Example("inspect model.safetensors --hashes", "the hashes Civitai and A1111 know"));
  }

  @Override
  public List<Section> sections() {
    return List.of(
        Section.of("Input", BASE, ADAPTER_NAME), Section.of("More", KEYS, HASHES, STATS));
  }

  @Override
  public List<String> notes() {
    return List.of(
        "Without --hashes and --stats only headers and single numbers (alpha) are read.");
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    Path path = Arguments.path(arguments.words("FILE").getFirst());
    Optional<String> base = arguments.text(BASE);
    try (Inspection inspection = Inspection.open(path, arguments.text(ADAPTER_NAME).orElse(null))) {
      AdapterFile file = inspection.adapter();
      AdapterListing adapter =
          file == null
              ? null
              : AdapterListing.of(file, base.isPresent() ? names(base.get()) : null);
      Extras extras =
          new Extras(
              arguments.has(KEYS),
              arguments.has(HASHES) ? hashes(inspection) : null,
              arguments.has(STATS) ? measure(inspection, console) : null);
      if (console.json()) {
        console.document(document(inspection, adapter, extras));
      } else {
        new InspectScreen(console, inspection, adapter, base.isPresent()).show(extras);
      }
    }
    return 0;
  }

  private static NameTable names(String base) throws IOException {
    try (Checkpoint model = Models.open(Arguments.path(base))) {
      return Models.names(model);
    }
  }

  private static Hashes hashes(Inspection inspection) throws IOException {
    List<Checkpoint.Part> parts = inspection.model().parts();
    if (parts.size() > 1) {
      throw new CommandException(
          "several-files",
          inspection.path(),
          "--hashes is for one file, and this is %d; name one of them, such as %s"
              .formatted(parts.size(), parts.getFirst().relative()));
    }
    return Hashes.of(parts.getFirst().file().path());
  }

  private static List<Measured> measure(Inspection inspection, Console console) throws IOException {
    String what = "measuring " + Text.safe(inspection.path().toString());
    try (Progress progress = console.progress(what, inspection.bytes())) {
      return Workers.map(
          inspection.tensors(),
          console.threads(),
          stored -> {
            Measured measured =
                new Measured(stored, Statistics.of(stored.part().file(), stored.info()));
            progress.add(stored.info().bytes());
            return measured;
          });
    }
  }

  private static JsonObject document(
      Inspection inspection, @Nullable AdapterListing adapter, Extras extras) {
    JsonObject document = Json.document();
    document.addProperty("path", inspection.path().toString());
    document.addProperty("container", inspection.container());
    document.addProperty("kind", inspection.kind().id());
    document.addProperty("tensors", inspection.tensors().size());
    document.addProperty("parameters", inspection.parameters());
    document.addProperty("bytes", inspection.bytes());
    JsonObject dtypes = new JsonObject();
    inspection.dtypes().forEach((type, count) -> dtypes.addProperty(type.name(), count));
    document.add("dtypes", dtypes);
    document.add("metadata", Json.texts(inspection.model().metadata()));
    ProvenanceView.document(inspection.model())
        .ifPresent(provenance -> document.add("provenance", provenance));
    if (!inspection.leftOut().isEmpty()) {
      document.add("left_out", Json.texts(inspection.leftOut()));
    }
    document.add("adapter", adapter == null ? JsonNull.INSTANCE : adapter.document());
    document.add("checkpoint", checkpoint(inspection));
    Hashes hashes = extras.hashes();
    document.add("hashes", hashes == null ? JsonNull.INSTANCE : document(hashes));
    if (extras.keys()) {
      document.add("keys", Json.array(inspection.tensors(), InspectCommand::document));
    }
    if (extras.measured() != null) {
      document.add("stats", Json.array(extras.measured(), InspectCommand::document));
    }
    return document;
  }

  private static JsonElement checkpoint(Inspection inspection) {
    if (inspection.kind() != Inspection.Kind.CHECKPOINT) {
      return JsonNull.INSTANCE;
    }
    JsonObject checkpoint = new JsonObject();
    checkpoint.addProperty("family", inspection.table().family().id());
    checkpoint.addProperty("layout", CheckpointParts.layout(inspection.model()));
    checkpoint.add(
        "components",
        Json.texts(CheckpointParts.components(inspection.model(), inspection.table())));
    return checkpoint;
  }

  private static JsonObject document(Hashes hashes) {
    JsonObject object = new JsonObject();
    object.addProperty("sha256", hashes.sha256());
    object.addProperty("autov2", hashes.autov2());
    object.add("autov3", Json.text(hashes.autov3()));
    object.addProperty("legacy", hashes.legacy());
    return object;
  }

  private static JsonObject document(Stored stored) {
    TensorInfo info = stored.info();
    JsonObject object = new JsonObject();
    object.addProperty("tensor", Models.label(stored));
    object.addProperty("dtype", info.dtype().name());
    object.add("shape", Json.shape(info.shape()));
    object.addProperty("bytes", info.bytes());
    return object;
  }

  private static JsonObject document(Measured measured) {
    JsonObject object = new JsonObject();
    object.addProperty("tensor", Models.label(measured.stored()));
    measured
        .statistics()
        .ifPresent(statistics -> {
          object.addProperty("elements", statistics.elements());
          object.addProperty("nan", statistics.nan());
          object.addProperty("infinite", statistics.infinite());
          object.add("min", Json.number(statistics.min()));
          object.add("max", Json.number(statistics.max()));
          object.add("mean", Json.number(statistics.mean()));
          object.add("deviation", Json.number(statistics.deviation()));
        });
    return object;
  }
}
