package radiata.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.cli.Option;
import radiata.adapter.dialect.AdapterWriter;
import radiata.adapter.file.AdapterFile;
import radiata.bake.Rendition;
import radiata.cli.report.Console;
import radiata.cli.report.Progress;
import radiata.convention.Profiles;
import radiata.parity.ComfyExport;
import radiata.parity.Parity;
import radiata.parity.ParityReport;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.provenance.Input;
import radiata.safetensors.provenance.Recipe;

/// `parity`: whether an adapter looks the same in every runtime.
final class ParityCommand implements Command {
  private static final List<String> TARGETS = List.of("comfyui");
  private static final Option STRENGTH =
      Flags.value("strength", "S", "the adapter's strength (default 1)");
  private static final Option ADAPTER_NAME =
      Flags.value("adapter-name", "NAME", "which of several named adapters of a PEFT file");
  private static final Option ALLOW =
      Flags.flag("allow-unmatched", "leave out modules that the base does not have");
  private static final Option LAYERS = Flags.flag("layers", "show the distances of every layer");
  private static final Option FOR =
      Flags.value(
          "for",
          "RUNTIME",
          "write an adapter that looks there as the definition has it: "
              + String.join(", ", TARGETS));
  private static final Option OUTPUT = Flags.value("o", "output", "OUT", "the new adapter");
  private static final Option DROP =
      Flags.flag("drop-unsupported", "leave out what the new adapter cannot hold, and list it");
  private static final Option FORCE = Flags.flag("force", "replace an existing output");
  private static final Option DATE =
      Flags.value("date", "DATE", "modelspec.date of the output, such as 2026-05-12");

  @Override
  public String name() {
    return "parity";
  }

  @Override
  public String summary() {
    return "Says which runtimes show an adapter differently, by how much, and why.";
  }

  @Override
  public List<String> usage() {
    return List.of("BASE ADAPTER [--strength S] [--layers]", "BASE ADAPTER --for comfyui -o OUT");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example(
            "parity base.safetensors dora.safetensors",
            "will it look the same in ComfyUI, A1111, PEFT"),
        new Example(
            "parity base.safetensors dora.safetensors --strength 0.7 --layers",
            "at another strength, layer by layer"),
        new Example(
            "parity base.safetensors dora.safetensors --for comfyui -o dora-comfyui.safetensors",
            "the same DoRA, so that ComfyUI divides by the right norm"));
  }

  @Override
  public List<Section> sections() {
    return List.of(
        Section.of("Input", STRENGTH, ADAPTER_NAME, ALLOW),
        Section.of("Report", LAYERS),
        Section.of("Export", FOR, OUTPUT, DROP, FORCE, DATE));
  }

  @Override
  public List<String> notes() {
    return List.of(
        "Every runtime bakes in memory, and its weights, in the dtype of the base, are held against"
            + " those of 'exact'. 'of change' is the distance as a part of what the adapter changes:"
            + " 'rounding' are neighbouring numbers, or less than a thousandth of the change.",
        "An export for ComfyUI is right at strength 1 and over this base alone: an output-axis"
            + " magnitude m becomes m |W| / |V|, as ComfyUI divides it by |W| where |V| is meant. It is"
            + " checked before it is written, and what ComfyUI cannot be made to compute is listed.");
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    List<String> words = arguments.words("BASE", "ADAPTER");
    Path base = Arguments.path(words.get(0));
    Path input = Arguments.path(words.get(1));
    boolean exports = arguments.choice(FOR, TARGETS).isPresent();
    if (exports != arguments.has(OUTPUT)) {
      throw new UsageException(
          exports
              ? "-o, --output OUT is missing"
              : "--for RUNTIME is missing, which says what for");
    }
    double strength = arguments.number(STRENGTH).orElse(1);
    if (exports && strength != 1) {
      throw new UsageException("--for comfyui holds at strength 1 only");
    }
    try (Checkpoint model = BakeCommand.openBase(base);
        AdapterFile file =
            AdapterFile.open(input, Limits.DEFAULT, arguments.text(ADAPTER_NAME).orElse(null))) {
      ParityView view = new ParityView(model, file, console);
      if (exports) {
        export(model, file, arguments, view, console);
      } else {
        Parity parity = Parity.of(model, file, strength, arguments.has(ALLOW));
        ParityReport report;
        try (Progress progress = console.progress("baking", parity.bytes())) {
          report = parity.run(console.threads(), progress::add);
        }
        view.show(report, arguments.has(LAYERS) || console.settings().verbose());
      }
      return 0;
    }
  }

  private static void export(
      Checkpoint model, AdapterFile file, Arguments arguments, ParityView view, Console console)
      throws IOException {
    Path output = Arguments.path(arguments.required(OUTPUT));
    Replace replace = arguments.has(FORCE) ? Replace.FORCE : Replace.REFUSE;
    if (replace == Replace.REFUSE && Files.exists(output)) {
      throw new CommandException("exists", output, "exists; --force replaces it");
    }
    Optional<String> date = arguments.text(DATE).map(Dates::checked);
    ComfyExport.Request request =
        new ComfyExport.Request(arguments.has(DROP), arguments.has(ALLOW));
    ComfyExport export;
    long bytes =
        Rendition.of(model, file, 1, Profiles.EXACT, request.allowUnmatched()).changes().stream()
            .mapToLong(change -> 2 * change.target().bytes())
            .sum();
    try (Progress progress = console.progress("checking", bytes)) {
      export = ComfyExport.of(model, file, request, console.threads(), progress::add);
    }
    new AdapterWriter(
            export.adapter(), file, recipe(arguments), date, List.of(Input.byHeader("base", model)))
        .write(output, replace, written -> {});
    export.adapter().notes().forEach(console::warn);
    view.show(export, output);
  }

  private static Recipe recipe(Arguments arguments) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("for", arguments.text(FOR).orElseThrow());
    if (arguments.has(DROP)) {
      settings.put("drop-unsupported", "true");
    }
    if (arguments.has(ALLOW)) {
      settings.put("allow-unmatched", "true");
    }
    arguments.text(ADAPTER_NAME).ifPresent(name -> settings.put("adapter-name", name));
    return new Recipe("parity", settings);
  }
}
