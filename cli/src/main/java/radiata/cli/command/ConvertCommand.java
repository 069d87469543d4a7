package radiata.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.commons.cli.Option;
import radiata.bake.DtypeNames;
import radiata.cli.report.Console;
import radiata.convention.DoraAxis;
import radiata.convert.Forms;
import radiata.convert.TargetLayout;
import radiata.names.Dialect;
import radiata.safetensors.DType;
import radiata.safetensors.Replace;

/// `convert`: an adapter in the dialect of another program, a checkpoint in another layout or
/// dtype.
final class ConvertCommand implements Command {
  private static final Option OUTPUT =
      Flags.value(
          "o", "output", "OUT", "the new file; a folder for peft, and for a diffusers checkpoint");
  private static final Option TO =
      Flags.value(
          "to",
          "FORM",
          "the dialect of an adapter: %s; the layout of a checkpoint: %s"
              .formatted(String.join(", ", Forms.dialects()), String.join(", ", Forms.layouts())));
  private static final Option BASE =
      Flags.value("base", "BASE", "the model the adapter is for, where its names cannot be told");
  private static final Option ADAPTER_NAME =
      Flags.value("adapter-name", "NAME", "which of several named adapters of a PEFT file");
  private static final Option DTYPE =
      Flags.value("dtype", "TYPE", String.join(", ", DtypeNames.all()));
  private static final Option DROP =
      Flags.flag("drop-unsupported", "leave out what the dialect cannot hold, and list it");
  private static final Option AXIS =
      Flags.value(
          "axis",
          "AXIS",
          "fit DoRA anew along the output or input axis; needs --base, and is near, not exact");
  private static final Option RANK =
      Flags.value("rank", "N", "the rank of what --axis fits (default: that of each layer)");
  private static final Option DYLORA =
      Flags.value(
          "dylora-rank", "N", "keep the first N ranks of every pair, alpha as it is (DyLoRA)");
  private static final Option SHARDS =
      Flags.value(
          "max-shard-size", "SIZE", "split a checkpoint into files of at most 5GB, 500MB, ...");
  private static final Option PREDICTION =
      Flags.value(
          "prediction", "WHAT", "what a checkpoint predicts, epsilon or v, where you know better");
  private static final Option DRY_RUN =
      Flags.flag("dry-run", "say what would be written; write nothing");
  private static final Option FORCE = Flags.flag("force", "replace an existing output");
  private static final Option DATE =
      Flags.value("date", "DATE", "modelspec.date of the output, such as 2026-05-12");

  @Override
  public String name() {
    return "convert";
  }

  @Override
  public String summary() {
    return "Writes an adapter in another dialect, or a checkpoint in another layout or dtype.";
  }

  @Override
  public List<String> usage() {
    return List.of(
        "ADAPTER -o OUT --to DIALECT [options]", "CHECKPOINT -o OUT [--to LAYOUT] [options]");
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
            "convert peft-adapter/ -o flat.safetensors --to lycoris", "a PEFT folder as one file"),
        new Example(
            "convert dora.safetensors -o out.safetensors --axis output --base sdxl.safetensors --rank 32",
            "DoRA per input as DoRA per output, which PEFT and diffusers can hold"),
        new Example(
            "convert model.ckpt -o model.safetensors --dtype fp16",
            "a torch file as safetensors, without executing it"),
        new Example(
            "convert sd15.safetensors -o sd15/ --to diffusers",
            "a single file as a diffusers folder; --to ldm is the way back"));
  }

  @Override
  public List<Section> sections() {
    return List.of(
        Section.of("Adapters", BASE, ADAPTER_NAME, DROP, DYLORA, AXIS, RANK),
        Section.of("Checkpoints", SHARDS, PREDICTION),
        Section.of("Output", OUTPUT, TO, DTYPE, FORCE, DATE, DRY_RUN));
  }

  @Override
  public List<String> notes() {
    return List.of(
        "Numbers stay as they are: of an adapter only names, shapes and the place of alpha change,"
            + " and converting back gives the file again. What a dialect cannot hold is refused.");
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    Path input = Arguments.path(arguments.words("IN").getFirst());
    Path output = Arguments.path(arguments.required(OUTPUT));
    boolean dryRun = arguments.has(DRY_RUN);
    Replace replace = arguments.has(FORCE) ? Replace.FORCE : Replace.REFUSE;
    if (!dryRun && replace == Replace.REFUSE && Files.exists(output)) {
      throw new CommandException("exists", output, "exists; --force replaces it");
    }
    Optional<DType> dtype = arguments.choice(DTYPE, DtypeNames.all()).flatMap(DtypeNames::named);
    Target target =
        new Target(output, replace, dtype, arguments.text(DATE).map(Dates::checked), dryRun);
    boolean isDialect = Forms.onlyOfAdapters(arguments.text(TO).orElse(""));
    if (isDialect || Models.isAdapter(input)) {
      refuse(arguments, "an adapter", SHARDS, PREDICTION);
      new AdapterConverting(
              dialect(arguments, isDialect || !arguments.has(AXIS)),
              arguments.text(BASE).orElse(null),
              arguments.text(ADAPTER_NAME).orElse(null),
              arguments.has(DROP),
              arguments.integer(DYLORA, 1),
              axis(arguments),
              target)
          .run(input, console);
    } else {
      refuse(arguments, "a checkpoint", BASE, ADAPTER_NAME, DROP, DYLORA, AXIS, RANK);
      new CheckpointConverting(
              arguments
                  .choice(TO, Forms.layouts())
                  .flatMap(Forms::layout)
                  .orElse(TargetLayout.KEEP),
              arguments.text(SHARDS).orElse(null),
              arguments.choice(PREDICTION, List.of("epsilon", "v")).orElse(null),
              target)
          .run(input, console);
    }
    return 0;
  }

  /// Where and how an output is written.
  record Target(
      Path output, Replace replace, Optional<DType> dtype, Optional<String> date, boolean dryRun) {}

  private static void refuse(Arguments arguments, String what, Option... options) {
    for (Option option : options) {
      if (arguments.has(option)) {
        throw new UsageException("--%s does not go with %s".formatted(option.getLongOpt(), what));
      }
    }
  }

  private static Optional<AdapterConverting.Axis> axis(Arguments arguments) {
    Optional<String> axis = arguments.choice(AXIS, List.of("output", "input"));
    if (axis.isEmpty() && arguments.has(RANK)) {
      throw new UsageException("--rank goes with --axis");
    }
    if (axis.isPresent() && !arguments.has(BASE)) {
      throw new UsageException("--axis fits DoRA to the weights of a model: name it with --base");
    }
    OptionalInt rank = arguments.integer(RANK, 1);
    return axis.map(name ->
        new AdapterConverting.Axis(name.equals("output") ? DoraAxis.OUTPUT : DoraAxis.INPUT, rank));
  }

  /// The dialect asked for; empty for that of the file.
  private static Optional<Dialect> dialect(Arguments arguments, boolean needed) {
    Optional<String> id = arguments.choice(TO, Forms.dialects());
    if (id.isEmpty() && needed) {
      throw new UsageException("--to DIALECT is missing");
    }
    return id.flatMap(Forms::dialect);
  }
}
