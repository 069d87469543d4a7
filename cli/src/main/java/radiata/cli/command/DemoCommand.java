package radiata.cli.command;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.commons.cli.Option;
import radiata.cli.demo.DemoFolder;
import radiata.cli.demo.DemoMaterial;
import radiata.cli.demo.SdShapedCheckpoint.Extent;
import radiata.cli.report.Console;
import radiata.cli.report.Json;

/// `demo`: the main job on real files, told on the terminal and checked.
final class DemoCommand implements Command {
  private static final int FAILED = 1;
  private static final Option KEEP =
      Flags.value("keep", "DIR", "write into DIR and leave everything there");
  private static final Option FULL =
      Flags.flag("full", "a whole checkpoint of 2.1 GB for Stable Diffusion, not its attention");

  @Override
  public String name() {
    return "demo";
  }

  @Override
  public String summary() {
    return "Bakes real adapters and checks the results against those of others, in under a minute.";
  }

  @Override
  public List<String> usage() {
    return List.of("[--keep DIR] [--full]");
  }

  @Override
  public List<Example> examples() {
    return List.of(
        new Example("demo", "a story in commands, each really run"),
        new Example("demo --keep out", "the same, and the baked models stay in out/"));
  }

  @Override
  public List<Section> sections() {
    return List.of(Section.of("What is written", KEEP, FULL));
  }

  @Override
  public List<String> notes() {
    return List.of(
        "It works on the folder testdata of a source checkout, writes about 400 MB into the"
            + " system's temporary folder and removes them. Exit code 1 if a check fails.");
  }

  @Override
  public int run(Arguments arguments, Console console) throws IOException {
    arguments.words(new String[0]);
    Optional<Path> keep = arguments.text(KEEP).map(Arguments::path);
    Extent extent = arguments.has(FULL) ? Extent.FULL : Extent.ATTENTION;
    DemoMaterial material = material();
    try (DemoFolder folder =
        keep.isPresent() ? DemoFolder.kept(keep.get()) : DemoFolder.passing()) {
      DemoSteps steps = new DemoSteps(console);
      JsonObject stories = new DemoStories(material, folder, steps).tell();
      JsonObject diffusion = new DemoDiffusion(material, folder, steps).tell(extent);
      steps.title(steps.ok() ? "Every check held." : "A check failed.");
      keep.ifPresent(dir -> steps.say("The models are in " + DemoSteps.shown(dir) + "."));
      if (console.json()) {
        JsonObject document = steps.document();
        document.add("stories", stories);
        document.add("diffusion", diffusion);
        document.add("kept", Json.text(keep.map(Path::toString)));
        console.document(document);
      }
      return steps.ok() ? 0 : FAILED;
    }
  }

  private static DemoMaterial material() {
    DemoMaterial material =
        DemoMaterial.find()
            .orElseThrow(() ->
                new CommandException(
                    "not-found",
                    null,
                    "the folder testdata of a source checkout is needed and not beside this program;"
                        + " RADIATA_JAVA_OPTS=-Dradiata.testdata=DIR names it"));
    List<Path> missing = material.missing();
    if (!missing.isEmpty()) {
      throw new CommandException(
          "not-found",
          missing.getFirst(),
          "missing, %d of the demonstration's files are; the source checkout has them"
              .formatted(missing.size()));
    }
    return material;
  }
}
