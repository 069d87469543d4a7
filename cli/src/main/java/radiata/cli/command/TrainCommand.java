package radiata.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.apache.commons.cli.Option;
import radiata.bake.ModelFiles;
import radiata.cli.report.Console;
import radiata.names.Family;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.train.config.StartingConfig;
import radiata.train.config.TrainConfig;
import radiata.train.run.Training;

/// `train`: makes an adapter from pictures or texts.
final class TrainCommand implements Command {
  private static final Option INIT =
      Flags.value("init", "CONFIG.toml", "write a first config for the model of --model; no run");
  private static final Option MODEL =
      Flags.value("model", "M", "the model that --init writes a config for");
  private static final Option RESUME =
      Flags.flag("resume", "go on from the state that an earlier run of this config left");
  private static final Option DATE =
      Flags.value("date", "DATE", "a date for the metadata; without one outputs tell no time");

  private static final int SMALL = 512;
  private static final int LARGE = 1024;

  @Override
  public String name() {
    return "train";
  }

  @Override
  public String summary() {
    return "Trains an adapter on pictures or texts.";
  }

  @Override
  public List<String> usage() {
    return List.of("CONFIG.toml [--resume] [options]", "--init CONFIG.toml --model M");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example(
            "train --init style.toml --model sd15.safetensors", "a commented config to start from"),
        new Example("train style.toml", "trains, and leaves the adapter in its output_dir"),
        new Example("train style.toml --resume", "goes on where a run was broken off"));
  }

  @Override
  public List<Section> sections() {
    return List.of(Section.of("Run", INIT, MODEL, RESUME), Section.of("Output", DATE));
  }

  @Override
  public List<String> notes() {
    return List.of(
        "Stable Diffusion 1, 2 and XL (one file or a diffusers folder), and the language models"
            + " llama, mistral, qwen2, qwen3 and gpt2 (a Hugging Face folder). The config's keys"
            + " are those of sd-scripts; docs/reference/training.md lists them.",
        "Ctrl-C ends the run after the step it is in and keeps what was learned; --resume goes on"
            + " from there. A resumed run gives the same adapter as one that was never broken off.");
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    Optional<Path> first = arguments.text(INIT).map(Arguments::path);
    if (first.isPresent()) {
      arguments.words(new String[0]);
      String model =
          arguments
              .text(MODEL)
              .orElseThrow(() -> new UsageException("--init wants the model too: --model M"));
      begin(first.get(), model, console);
      return 0;
    }
    Path file = Arguments.path(arguments.words("CONFIG.toml").getFirst());
    TrainConfig config = TrainConfig.read(file);
    try (TrainView view = new TrainView(console)) {
      Training.run(config, arguments.has(RESUME), arguments.text(DATE).map(Dates::checked), view);
      view.done();
    }
    return 0;
  }

  private static void begin(Path file, String model, Console console) throws IOException {
    Path path = Arguments.path(model);
    String text;
    try (Checkpoint base = Checkpoint.open(path, Limits.DEFAULT)) {
      Family family = ModelFiles.names(base).family();
      String shown = relative(file, path);
      text =
          family.isUnet()
              ? StartingConfig.images(shown, family == Family.SDXL ? LARGE : SMALL)
              : StartingConfig.language(shown);
    }
    Files.writeString(file, text, StandardOpenOption.CREATE_NEW);
    console.say("wrote %s; its comments say what to change".formatted(file));
  }

  /// Paths in a config are relative to its folder.
  private static String relative(Path file, Path model) {
    Path folder = file.toAbsolutePath().normalize().getParent();
    Path absolute = model.toAbsolutePath().normalize();
    return folder != null && absolute.startsWith(folder)
        ? folder.relativize(absolute).toString()
        : absolute.toString();
  }
}
