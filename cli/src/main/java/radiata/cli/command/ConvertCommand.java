package radiata.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.cli.Option;
import org.jspecify.annotations.Nullable;
import radiata.adapter.dialect.AdapterNames;
import radiata.adapter.dialect.AdapterWriter;
import radiata.adapter.dialect.Conversion;
import radiata.adapter.dialect.Converted;
import radiata.adapter.file.AdapterFile;
import radiata.cli.report.Console;
import radiata.cli.report.Progress;
import radiata.names.Dialect;
import radiata.names.NameTable;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.provenance.Recipe;

/// `convert`: an adapter in the dialect of another program.
final class ConvertCommand implements Command {
  private static final Option OUTPUT =
      Flags.value("o", "output", "OUT", "the new file; a folder for peft");
  private static final Option TO =
      Flags.value("to", "DIALECT", "of an adapter: " + String.join(", ", dialects()));
  private static final Option BASE =
      Flags.value("base", "BASE", "the model the adapter is for, where its names cannot be told");
  private static final Option ADAPTER_NAME =
      Flags.value("adapter-name", "NAME", "which of several named adapters of a PEFT file");
  private static final Option DTYPE =
      Flags.value("dtype", "TYPE", "keep (default), " + String.join(", ", DTypes.BY_NAME.keySet()));
  private static final Option DROP =
      Flags.flag("drop-unsupported", "leave out what the dialect cannot hold, and list it");
  private static final Option FORCE = Flags.flag("force", "replace an existing output");
  private static final Option DATE =
      Flags.value("date", "DATE", "modelspec.date of the output, such as 2026-05-12");

  @Override
  public String name() {
    return "convert";
  }

  @Override
  public String summary() {
    return "Writes an adapter in the dialect of another program, exactly.";
  }

  @Override
  public List<String> usage() {
    return List.of("ADAPTER -o OUT --to DIALECT [options]");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example(
            "convert style.safetensors -o style-comfy.safetensors --to comfyui",
            "a kohya file under ComfyUI's own names"),
        new Example(
            "convert style.safetensors -o pytorch_lora_weights.safetensors --to diffusers",
            "for a diffusers pipeline"),
        new Example(
            "convert peft-adapter/ -o flat.safetensors --to lycoris", "a PEFT folder as one file"));
  }

  @Override
  public List<Section> sections() {
    return List.of(
        Section.of("Input", BASE, ADAPTER_NAME),
        Section.of("Output", OUTPUT, TO, DTYPE, DROP, FORCE, DATE));
  }

  @Override
  public List<String> notes() {
    return List.of(
        "Numbers stay as they are: only names, shapes and the place of alpha change, and converting"
            + " back gives the file again. What a dialect cannot hold is refused.");
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    Path input = Arguments.path(arguments.words("ADAPTER").getFirst());
    Path output = Arguments.path(arguments.required(OUTPUT));
    Replace replace = arguments.has(FORCE) ? Replace.FORCE : Replace.REFUSE;
    if (replace == Replace.REFUSE && Files.exists(output)) {
      throw new CommandException("exists", output, "exists; --force replaces it");
    }
    Dialect to = dialect(arguments);
    DType dtype = DTypes.BY_NAME.get(arguments.choice(DTYPE, DTypes.names()).orElse(DTypes.KEEP));
    Optional<String> date = arguments.text(DATE).map(Dates::checked);
    try (AdapterFile file =
        AdapterFile.open(input, Limits.DEFAULT, arguments.text(ADAPTER_NAME).orElse(null))) {
      NameTable names = names(arguments.text(BASE).orElse(null), file, to);
      Converted converted =
          Conversion.of(file, names, new Conversion.Request(to, dtype, arguments.has(DROP)));
      converted.notes().forEach(console::warn);
      AdapterWriter writer = new AdapterWriter(converted, file, recipe(to, arguments), date);
      long bytes =
          converted.tensors().values().stream()
              .mapToLong(c -> c.shape().elements() * c.dtype().bytes())
              .sum();
      try (Progress progress = console.progress("converting", bytes)) {
        writer.write(output, replace, progress::add);
      }
      new ConvertView(file, converted, output, console).done();
      return 0;
    }
  }

  private static Recipe recipe(Dialect to, Arguments arguments) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("to", to.id());
    settings.put("dtype", arguments.text(DTYPE).orElse(DTypes.KEEP));
    if (arguments.has(DROP)) {
      settings.put("drop-unsupported", "true");
    }
    arguments.text(ADAPTER_NAME).ifPresent(name -> settings.put("adapter-name", name));
    return new Recipe("convert", settings);
  }

  private static NameTable names(@Nullable String base, AdapterFile file, Dialect to)
      throws IOException {
    if (base == null) {
      return AdapterNames.of(file, to);
    }
    try (Checkpoint model = Models.open(Arguments.path(base))) {
      return Models.names(model);
    }
  }

  private static Dialect dialect(Arguments arguments) {
    String id =
        arguments
            .choice(TO, dialects())
            .orElseThrow(() -> new UsageException("--to DIALECT is missing"));
    for (Dialect dialect : Dialect.values()) {
      if (dialect.id().equals(id)) {
        return dialect;
      }
    }
    throw new IllegalStateException(id);
  }

  private static List<String> dialects() {
    return java.util.Arrays.stream(Dialect.values())
        .filter(dialect -> dialect != Dialect.UNKNOWN)
        .map(Dialect::id)
        .toList();
  }
}
