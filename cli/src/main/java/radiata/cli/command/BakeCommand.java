package radiata.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.apache.commons.cli.Option;
import org.jspecify.annotations.Nullable;
import radiata.adapter.file.AdapterFile;
import radiata.bake.BakePlan;
import radiata.bake.BakeReport;
import radiata.bake.BakeRequest;
import radiata.bake.Baker;
import radiata.bake.DtypeNames;
import radiata.bake.Planner;
import radiata.cli.report.Console;
import radiata.cli.report.Progress;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;

/// `bake`: adapters into a model, exactly as the named runtime would compute it.
final class BakeCommand implements Command {
  private static final Option ADAPTER =
      Flags.value(
          "a",
          "adapter",
          "FILE[:S]",
          "an adapter and its strength (default 1); give it again for more, baked in that order");
  private static final Option ADAPTER_NAME =
      Flags.value("adapter-name", "NAME", "which of several named adapters of a PEFT file");
  private static final Option OUTPUT =
      Flags.value("o", "output", "OUT", "the new model, in the layout of the base");
  private static final Option FORCE = Flags.flag("force", "replace an existing output");
  private static final Option DTYPE =
      Flags.value("dtype", "TYPE", "the output's dtype: " + String.join(", ", DtypeNames.all()));
  private static final Option RUNTIME =
      Flags.value("runtime", "NAME", "whose arithmetic: " + String.join(", ", runtimes()));
  private static final Option UNET =
      Flags.value("unet", "X", "a further strength for the UNet; 0 leaves it out");
  private static final Option TE =
      Flags.value("te", "X", "a further strength for the text encoders; 0 leaves them out");
  private static final Option BLOCKS =
      Flags.value(
          "blocks", "WEIGHTS", "block weights: IN04=0.5,MID=0 or a list of 12, 17, 20 or 26");
  private static final Option ALLOW =
      Flags.flag("allow-unmatched", "leave out modules that the base does not have");
  private static final Option DRY_RUN =
      Flags.flag("dry-run", "show the plan, sizes and memory; write nothing");

  private static final Option VERIFY =
      Flags.flag("verify", "compute all once more and compare it with the finished output");

  private static final Option HASHES =
      Flags.flag(
          "hashes", "SHA-256 of every input, and sshs_* and modelspec hashes of the output, too");
  private static final Option ROUNDING =
      Flags.value("rounding", "HOW", "to fp8: nearest (default) or stochastic");
  private static final Option SEED =
      Flags.value("seed", "N", "of stochastic rounding (default 0); the same gives the same bytes");
  private static final Option DATE =
      Flags.value("date", "DATE", "modelspec.date of the output, such as 2026-05-12");

  @Override
  public String name() {
    return "bake";
  }

  @Override
  public String summary() {
    return "Bakes adapters into a model, exactly, in the order given.";
  }

  @Override
  public List<String> usage() {
    return List.of("BASE -a ADAPTER[:S] [-a ADAPTER[:S] ...] -o OUT [options]");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example(
            "bake base.safetensors -a style.safetensors:0.8 -o styled.safetensors",
            "one adapter at strength 0.8"),
        new Example(
            "bake base.safetensors -a dora.safetensors --runtime comfyui -o out.safetensors",
            "the weights that ComfyUI would compute"),
        new Example(
            "bake base.safetensors -a a.safetensors -a b.safetensors:0.5 -o out.safetensors --dry-run",
            "what two adapters would change"),
        new Example(
            "bake llama/ -a peft-adapter/ -o baked/", "a PEFT adapter into a Hugging Face folder"));
  }

  @Override
  public List<Section> sections() {
    return List.of(
        Section.of("Input", ADAPTER, ADAPTER_NAME, ALLOW),
        Section.of("Strength", UNET, TE, BLOCKS),
        Section.of("Convention", RUNTIME),
        Section.of("Output", OUTPUT, DTYPE, ROUNDING, SEED, FORCE, VERIFY, HASHES, DATE, DRY_RUN));
  }

  @Override
  public List<String> notes() {
    return List.of(
        "Every tensor of every adapter is accounted for: what has no place in the base is an error."
            + " The output appears under its name only when it is complete and on the disk. Its"
            + " metadata say under 'radiata' what was baked into what, and the checksum of every"
            + " tensor; 'radiata verify' compares them.");
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    Path base = Arguments.path(arguments.words("BASE").getFirst());
    Path output = Arguments.path(arguments.required(OUTPUT));
    List<String> adapters = arguments.texts(ADAPTER);
    if (adapters.isEmpty()) {
      throw new UsageException("-a, --adapter FILE[:S] is missing");
    }
    boolean dryRun = arguments.has(DRY_RUN);
    Replace replace = arguments.has(FORCE) ? Replace.FORCE : Replace.REFUSE;
    if (!dryRun && replace == Replace.REFUSE && Files.exists(output)) {
      throw new CommandException("exists", output, "exists; --force replaces it");
    }
    List<BakeRequest.Use> uses = new ArrayList<>();
    try (Checkpoint model = openBase(base)) {
      for (String adapter : adapters) {
        uses.add(use(adapter, arguments.text(ADAPTER_NAME).orElse(null)));
      }
      BakePlan plan = plan(model, request(arguments, uses), output);
      plan.warnings().forEach(console::warn);
      BakeView view = new BakeView(plan, output, console);
      if (dryRun) {
        view.dryRun(console.threads());
        return 0;
      }
      BakeReport report = bake(plan, output, replace, console);
      if (arguments.has(VERIFY)) {
        verify(plan, output, console);
      }
      view.done(report);
      return 0;
    } finally {
      for (BakeRequest.Use use : uses) {
        use.file().close();
      }
    }
  }

  private static BakeReport bake(BakePlan plan, Path output, Replace replace, Console console)
      throws IOException {
    try (Progress progress = console.progress("baking", plan.outputBytes())) {
      return Baker.bake(plan, output, replace, console.threads(), progress::add);
    }
  }

  private static void verify(BakePlan plan, Path output, Console console) throws IOException {
    try (Progress progress = console.progress("verifying", plan.outputBytes())) {
      Baker.verify(plan, output, console.threads(), progress::add);
    }
  }

  private static BakePlan plan(Checkpoint model, BakeRequest request, Path output)
      throws IOException {
    try {
      return Planner.plan(model, request, output);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--blocks: " + e.getMessage());
    }
  }

  private static BakeRequest request(Arguments arguments, List<BakeRequest.Use> uses) {
    Profile profile =
        Profiles.named(arguments.choice(RUNTIME, runtimes()).orElse("exact")).orElseThrow();
    double unet = arguments.number(UNET).orElse(1);
    double te = arguments.number(TE).orElse(1);
    if (profile.onlyStrength().isPresent()) {
      double only = profile.onlyStrength().getAsDouble();
      boolean other =
          unet != only || te != only || uses.stream().anyMatch(use -> use.strength() != only);
      if (other || arguments.has(BLOCKS)) {
        throw new UsageException(
            "--runtime %s knows strength %s only".formatted(profile.id(), only));
      }
    }
    return new BakeRequest(
        uses,
        profile,
        arguments.choice(DTYPE, DtypeNames.all()).flatMap(DtypeNames::named),
        unet,
        te,
        arguments.text(BLOCKS).orElse(null),
        arguments.has(ALLOW),
        new BakeRequest.Writing(
            arguments.has(HASHES), arguments.text(DATE).map(Dates::checked), seed(arguments)));
  }

  private static OptionalLong seed(Arguments arguments) {
    boolean stochastic =
        arguments
            .choice(ROUNDING, List.of("nearest", "stochastic"))
            .orElse("")
            .equals("stochastic");
    Optional<String> seed = arguments.text(SEED);
    if (seed.isPresent() && !stochastic) {
      throw new UsageException("--seed is for --rounding stochastic");
    }
    if (!stochastic) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Long.parseLong(seed.orElse("0")));
    } catch (NumberFormatException e) {
      throw new UsageException("--seed: '%s' is no whole number".formatted(seed.orElse("")));
    }
  }

  private static List<String> runtimes() {
    return Profiles.ALL.stream().map(Profile::id).toList();
  }

  /// A model; an adapter in its place is told by its keys.
  static Checkpoint openBase(Path path) throws IOException {
    Checkpoint model = Checkpoint.open(path, Limits.DEFAULT);
    try {
      if (model.layout() == Checkpoint.Layout.FILE
          && Models.isAdapter(model.parts().getFirst().file().path())) {
        throw new CommandException(
            "not-a-model", path, "this is an adapter; BASE is the model it is baked into");
      }
      return model;
    } catch (Throwable e) {
      model.close();
      throw e;
    }
  }

  /// `FILE`, or `FILE:0.8`; a file whose own name ends in a colon and a number is that file.
  private static BakeRequest.Use use(String text, @Nullable String adapterName) throws IOException {
    int colon = text.lastIndexOf(':');
    OptionalDouble strength =
        colon > 0 && !Files.exists(Arguments.path(text))
            ? Arguments.finite(text.substring(colon + 1))
            : OptionalDouble.empty();
    String file = strength.isPresent() ? text.substring(0, colon) : text;
    return new BakeRequest.Use(
        AdapterFile.open(Arguments.path(file), Limits.DEFAULT, adapterName), strength.orElse(1));
  }
}
