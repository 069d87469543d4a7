package radiata.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.adapter.file.AdapterFile;
import radiata.bake.BakePlan;
import radiata.bake.BakeRequest;
import radiata.bake.Baker;
import radiata.bake.Planner;
import radiata.bake.Step;
import radiata.cli.demo.SdShapedCheckpoint.Extent;
import radiata.convention.Profiles;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;

/// Bakes of real adapters, held to what their makers' tools and a few lines of arithmetic say.
class RealBakesTest {
  private static final DemoMaterial MATERIAL =
      new DemoMaterial(Path.of(System.getProperty("radiata.testdata")));

  @TempDir Path folder;

  private BakePlan bake(Path base, Path adapter, Path output) throws IOException {
    try (Checkpoint model = Checkpoint.open(base, Limits.DEFAULT);
        AdapterFile file = AdapterFile.open(adapter, Limits.DEFAULT, null)) {
      BakeRequest request =
          new BakeRequest(
              List.of(new BakeRequest.Use(file, 1)),
              Profiles.EXACT,
              Optional.empty(),
              1,
              1,
              null,
              false);
      BakePlan plan = Planner.plan(model, request, output);
      Baker.bake(plan, output, Replace.REFUSE, 2, bytes -> {});
      return plan;
    }
  }

  @Test
  void writesTheTextThatTheReferencesMergeWrites() throws IOException {
    Path output = folder.resolve("baked");
    bake(MATERIAL.stories(), MATERIAL.dora(), output);

    Llama baked = Llama.read(output);
    Llama merged = Llama.read(MATERIAL.merged());
    List<Integer> story = StoryRecord.read(MATERIAL).story();
    for (List<Integer> prompt : List.of(story.subList(0, 1), story.subList(0, 6))) {
      assertThat(baked.greedy(prompt, 201)).isEqualTo(merged.greedy(prompt, 201));
    }
    assertThat(baked.greedy(story.subList(0, 6), 201)).isNotEqualTo(story);
  }

  @Test
  void changesWhatOthersChangeByWhatTheFormulaSays() throws IOException {
    Path base = folder.resolve("base.safetensors");
    Path output = folder.resolve("baked.safetensors");
    SdShapedCheckpoint.write(SdShapedCheckpoint.header(MATERIAL.keys(), Extent.ATTENTION), base);
    BakePlan plan = bake(base, MATERIAL.lora(), output);

    List<LoraByHand.Place> places = LoraByHand.places(MATERIAL.places());
    Set<String> changed =
        plan.steps().stream()
            .filter(step -> step instanceof Step.Change)
            .map(step -> step.source().name())
            .collect(Collectors.toSet());
    assertThat(changed)
        .isEqualTo(places.stream().map(LoraByHand.Place::tensor).collect(Collectors.toSet()));
    LoraByHand.Outcome outcome = LoraByHand.compare(places, base, MATERIAL.lora(), 4, output, 2);
    assertThat(outcome.tensors()).isEqualTo(128);
    assertThat(outcome.beyond()).isZero();
    assertThat((double) outcome.equal() / outcome.elements()).isGreaterThan(0.999);
    // The base itself is far from the formula, so the measure tells the two apart.
    assertThat(LoraByHand.compare(places, base, MATERIAL.lora(), 4, base, 2).beyond())
        .isGreaterThan(outcome.elements() / 10);
  }
}
