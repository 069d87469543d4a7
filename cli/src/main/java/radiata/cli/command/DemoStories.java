package radiata.cli.command;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import radiata.cli.demo.DemoFolder;
import radiata.cli.demo.DemoMaterial;
import radiata.cli.demo.Llama;
import radiata.cli.demo.StoryRecord;
import radiata.cli.demo.StoryTokens;
import radiata.cli.report.Json;

/// The first half of the demonstration: a language model that tells stories, and the DoRA that
/// taught it Shakespeare. What the baked model writes is what the reference's merge writes.
final class DemoStories {
  /// `Once upon a time,`.
  private static final int PROMPT = 6;

  /// The story's first paragraph.
  private static final int SHOWN = 62;

  private static final int VERSES = 80;
  private static final int GREEDY = 201;
  private static final double TEMPERATURE = 0.5;
  private static final long SEED = 1;

  /// Float32 sums in another order, over all 1,536 tokens of the texts.
  private static final double LOSS = 1e-5;

  /// What PEFT loses: it merges in float32.
  private static final String CLOSE = "1e-6";

  private final DemoMaterial material;
  private final DemoFolder folder;
  private final DemoSteps steps;

  DemoStories(DemoMaterial material, DemoFolder folder, DemoSteps steps) {
    this.material = material;
    this.folder = folder;
    this.steps = steps;
  }

  JsonObject tell() throws IOException {
    Path base = material.stories();
    Path dora = material.dora();
    Path baked = folder.file("stories-baked");
    StoryRecord record = StoryRecord.read(material);
    steps.title("1  A language model, and a DoRA that taught it Shakespeare");
    steps.say(
        "stories260K tells children's stories. PEFT trained a DoRA on it. What is in that file?");
    steps.run(10, "inspect", dora);
    steps.say("");
    steps.say("What would baking it in do? Nothing is written yet.");
    steps.run(6, "bake", base, "-a", dora, "-o", baked, "--dry-run");
    steps.run(8, "bake", base, "-a", dora, "-o", baked);
    steps.say("");
    steps.say("PEFT merged the same two files. Is it the same model?");
    steps.run(4, "compare", baked, material.merged(), "--atol", CLOSE);
    double apart = apart(steps.ask("compare", baked, material.merged()));
    steps.check(
        apart <= Double.parseDouble(CLOSE),
        "the largest difference of any weight from PEFT's is %.2g".formatted(apart));
    return text(record, Llama.read(base), Llama.read(baked), Llama.read(material.merged()), apart);
  }

  private JsonObject text(StoryRecord record, Llama base, Llama baked, Llama merged, double apart)
      throws IOException {
    StoryTokens tokens = StoryTokens.read(material.vocabulary());
    List<Integer> prompt = record.story().subList(0, PROMPT);
    List<Integer> story = base.greedy(List.of(StoryTokens.BEGIN), record.story().size());
    List<Integer> after = baked.sample(prompt, VERSES, TEMPERATURE, SEED);
    String told = tokens.text(story.subList(0, SHOWN));
    String verses = wholeLines(tokens.text(after));
    steps.say("");
    steps.say("What the model wrote before:");
    steps.quote(told);
    steps.say("What it writes now:");
    steps.quote(verses);
    steps.say("");
    steps.check(
        story.equals(record.story()),
        "the base writes the story published with it, all %d tokens".formatted(story.size()));
    steps.check(
        same(baked, merged, List.of(StoryTokens.BEGIN)) && same(baked, merged, prompt),
        "from two beginnings it writes the same %d greedy tokens as PEFT's merge"
            .formatted(GREEDY));
    double before = base.crossEntropy(record.texts());
    double now = baked.crossEntropy(record.texts());
    steps.check(
        Math.abs(before - record.before()) <= LOSS && Math.abs(now - record.after()) <= LOSS,
        "Shakespeare surprises it less, as PEFT recorded: loss %.4f, now %.4f"
            .formatted(before, now));
    JsonObject document = new JsonObject();
    document.addProperty("before", told);
    document.addProperty("after", verses);
    document.add("loss_before", Json.number(before));
    document.add("loss_after", Json.number(now));
    document.add("max_abs", Json.number(apart));
    return document;
  }

  private static String wholeLines(String text) {
    int end = text.lastIndexOf('\n');
    return end < 0 ? text : text.substring(0, end).strip();
  }

  private static boolean same(Llama a, Llama b, List<Integer> prompt) {
    return a.greedy(prompt, GREEDY).equals(b.greedy(prompt, GREEDY));
  }

  /// The largest difference in a comparison; infinite if a tensor has no counterpart.
  private static double apart(JsonObject comparison) {
    if (!comparison.getAsJsonArray("missing").isEmpty()
        || !comparison.getAsJsonArray("added").isEmpty()) {
      return Double.POSITIVE_INFINITY;
    }
    double apart = 0;
    for (JsonElement changed : comparison.getAsJsonArray("changed")) {
      double by = changed.getAsJsonObject().get("max_abs").getAsDouble();
      apart = Math.max(apart, Double.isNaN(by) ? Double.POSITIVE_INFINITY : by);
    }
    return apart;
  }
}
