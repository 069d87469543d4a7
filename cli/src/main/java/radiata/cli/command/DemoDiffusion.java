package radiata.cli.command;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import radiata.cli.demo.DemoFolder;
import radiata.cli.demo.DemoMaterial;
import radiata.cli.demo.LoraByHand;
import radiata.cli.demo.SdShapedCheckpoint;
import radiata.cli.demo.SdShapedCheckpoint.Extent;
import radiata.cli.report.Sizes;
import radiata.safetensors.Header;

/// The second half of the demonstration: a real LoRA of Stable Diffusion 1.5 on a checkpoint of its
/// shapes. The places are those that other projects list, the numbers are done again by hand.
final class DemoDiffusion {
  private static final int RANK = 4;

  private final DemoMaterial material;
  private final DemoFolder folder;
  private final DemoSteps steps;

  DemoDiffusion(DemoMaterial material, DemoFolder folder, DemoSteps steps) {
    this.material = material;
    this.folder = folder;
    this.steps = steps;
  }

  JsonObject tell(Extent extent) throws IOException {
    Path base = folder.file("sd15-shaped.safetensors");
    Path baked = folder.file("sd15-baked.safetensors");
    Header header = SdShapedCheckpoint.header(material.keys(), extent);
    steps.title("2  An image model, and a LoRA for Stable Diffusion 1.5");
    steps.say(
        "%s has the names and full-size shapes of Stable Diffusion 1.5 in fp16 (%s), and random weights: %s, %s. The LoRA is real."
            .formatted(
                base.getFileName(),
                switch (extent) {
                  case ATTENTION -> "its attention";
                  case FULL -> "the whole model";
                },
                Sizes.plural(header.tensors().size(), "tensor"),
                Sizes.bytes(header.fileBytes())));
    SdShapedCheckpoint.write(header, base);
    steps.run(7, "inspect", material.lora());
    steps.run(8, "bake", base, "-a", material.lora(), "-o", baked);
    steps.run(4, "verify", baked);
    return checked(base, baked);
  }

  private JsonObject checked(Path base, Path baked) throws IOException {
    List<LoraByHand.Place> places = LoraByHand.places(material.places());
    Set<String> named =
        places.stream().map(LoraByHand.Place::tensor).collect(Collectors.toUnmodifiableSet());
    JsonObject comparison = steps.ask("compare", base, baked);
    Set<String> changed = new HashSet<>();
    for (JsonElement tensor : comparison.getAsJsonArray("changed")) {
      changed.add(tensor.getAsJsonObject().get("tensor").getAsString());
    }
    steps.say("");
    steps.check(
        changed.equals(named)
            && comparison.getAsJsonArray("missing").isEmpty()
            && comparison.getAsJsonArray("added").isEmpty(),
        "the %d tensors that other tools change are changed, no bit elsewhere"
            .formatted(changed.size()));
    LoraByHand.Outcome outcome =
        LoraByHand.compare(places, base, material.lora(), RANK, baked, steps.console().threads());
    steps.check(
        outcome.beyond() == 0,
        "W + up·down by hand: %s of %s numbers equal, %d beyond rounding"
            .formatted(
                percent(outcome.equal(), outcome.elements()),
                Sizes.count(outcome.elements()),
                outcome.beyond()));
    JsonObject document = new JsonObject();
    document.addProperty("changed", changed.size());
    document.addProperty("elements", outcome.elements());
    document.addProperty("equal", outcome.equal());
    document.addProperty("beyond", outcome.beyond());
    return document;
  }

  /// Never 100 % unless it is all of them.
  private static String percent(long part, long all) {
    return part == all ? "all" : "%.3f %%".formatted(Math.floor(100_000.0 * part / all) / 1000);
  }
}
