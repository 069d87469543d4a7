package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Conversions of a manifest, beside a bake, through the command line.
class BatchConvertTest {
  private static final String MANIFEST =
      """
      output = "out"
      [[bake]]
      base = "base.safetensors"
      adapters = ["a.safetensors"]
      output = "baked.safetensors"
      [[convert]]
      inputs = ["a.safetensors", "b.safetensors"]
      to = ["comfyui", "kohya"]
      base = "base.safetensors"
      output = "{to}/{input}.safetensors"
      [[convert]]
      input = "a.safetensors"
      to = "peft"
      base = "base.safetensors"
      output = "{input}-{to}"
      [[convert]]
      input = "base.safetensors"
      dtype = "bf16"
      max-shard-size = "1KB"
      output = "{input}-{to}-{dtype}"
      """;
  private static final int JOBS = 7;

  @TempDir Path folder;
  private Path manifest;
  private Path out;

  @BeforeEach
  void copyModels() throws IOException {
    Path golden = Ran.golden("dora-f16-out");
    out = folder.resolve("out");
    Files.copy(golden.resolve("base.safetensors"), folder.resolve("base.safetensors"));
    Files.copy(golden.resolve("adapter.safetensors"), folder.resolve("a.safetensors"));
    Files.copy(golden.resolve("adapter.safetensors"), folder.resolve("b.safetensors"));
    flip(folder.resolve("b.safetensors"));
    manifest = Files.writeString(folder.resolve("jobs.toml"), MANIFEST);
  }

  /// Changes the last bit of the last number.
  private static void flip(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 2] ^= 1;
    Files.write(file, bytes);
  }

  private Ran batch(Object... options) {
    List<Object> line = new ArrayList<>(List.of("batch", manifest));
    line.addAll(List.of(options));
    return Ran.radiata(line.toArray());
  }

  private static void done(Ran ran) {
    assertThat(ran.exit()).as(ran.err()).isZero();
  }

  private static List<String> states(Ran ran) {
    List<String> states = new ArrayList<>();
    for (JsonElement job : ran.json().getAsJsonArray("jobs")) {
      states.add(job.getAsJsonObject().get("state").getAsString());
    }
    return states;
  }

  private void append(String text) throws IOException {
    Files.writeString(manifest, text, StandardOpenOption.APPEND);
  }

  @Test
  void writesTheBytesOfSingleConversions() throws IOException {
    Ran ran = batch();
    done(ran);
    assertThat(ran.out()).contains(JOBS + " done");
    for (String input : List.of("a", "b")) {
      for (String to : List.of("comfyui", "kohya")) {
        Path single = folder.resolve(input + to + ".safetensors");
        Path from = folder.resolve(input + ".safetensors");
        Path base = folder.resolve("base.safetensors");
        done(Ran.radiata("convert", from, "-o", single, "--to", to, "--base", base));
        assertThat(out.resolve(to + "/" + input + ".safetensors")).hasSameBinaryContentAs(single);
      }
    }
    Path single = folder.resolve("single");
    done(
        Ran.radiata(
            "convert",
            folder.resolve("base.safetensors"),
            "-o",
            single,
            "--dtype",
            "bf16",
            "--max-shard-size",
            "1KB"));
    try (Stream<Path> files = Files.list(single)) {
      assertThat(files.toList())
          .hasSizeGreaterThan(2)
          .allSatisfy(file ->
              assertThat(out.resolve("base-keep-bf16").resolve(file.getFileName()))
                  .hasSameBinaryContentAs(file));
    }
    assertThat(out.resolve("a-peft/adapter_config.json")).exists();
  }

  @Test
  void axisRankDateAndFirstRanksAreThoseOfSingleConversions() throws IOException {
    Path golden = Ran.golden("dora-locon-in");
    Path in = Files.copy(golden.resolve("adapter.safetensors"), folder.resolve("in.safetensors"));
    Path base = Files.copy(golden.resolve("base.safetensors"), folder.resolve("model.safetensors"));
    Path dylora =
        Files.copy(Ran.golden("dylora/adapter.safetensors"), folder.resolve("dylora.safetensors"));
    Files.writeString(
        manifest,
        """
        output = "out"
        [[convert]]
        input = "in.safetensors"
        base = "model.safetensors"
        axis = "output"
        rank = 4
        date = 2026-05-12
        output = "{input}-{to}.safetensors"
        [[convert]]
        input = "dylora.safetensors"
        to = "lycoris"
        dylora-rank = 2
        output = "{input}-{to}.safetensors"
        """);
    Ran ran = batch("--json");
    done(ran);
    assertThat(ran.json() + ran.err()).contains("8 modules are fitted along the other axis");
    Path one = folder.resolve("one.safetensors");
    done(
        Ran.radiata(
            "convert",
            in,
            "-o",
            one,
            "--axis",
            "output",
            "--base",
            base,
            "--rank",
            "4",
            "--date",
            "2026-05-12"));
    assertThat(out.resolve("in-keep.safetensors")).hasSameBinaryContentAs(one);
    assertThat(Ran.radiata("metadata", "show", one).out()).contains("2026-05-12");
    Path two = folder.resolve("two.safetensors");
    done(Ran.radiata("convert", dylora, "-o", two, "--to", "lycoris", "--dylora-rank", "2"));
    assertThat(out.resolve("dylora-lycoris.safetensors")).hasSameBinaryContentAs(two);
    assertThat(states(batch("--json"))).containsExactly("skipped", "skipped");
  }

  @Test
  void optionsOfAdaptersFailTheJobOfACheckpoint() throws IOException {
    Files.writeString(
        manifest,
        """
        output = "out"
        [[convert]]
        input = "base.safetensors"
        dylora-rank = 2
        output = "{input}-{to}.safetensors"
        """);
    Ran ran = batch();
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err() + ran.out())
        .contains("a checkpoint, with which 'dylora-rank' does not go");
  }

  @Test
  void leavesFinishedOutputsAloneAndMakesWhatIsMissing() throws IOException {
    done(batch());
    Files.delete(out.resolve("kohya/a.safetensors"));
    Ran again = batch("--json");
    done(again);
    assertThat(states(again))
        .containsExactly("skipped", "skipped", "done", "skipped", "skipped", "skipped", "skipped");
  }

  @Test
  void anOutputThatIsNotWhatTheJobMakesIsReplacedByForceOnly() throws IOException {
    done(batch());
    flip(out.resolve("comfyui/a.safetensors"));
    Files.writeString(out.resolve("a-peft/adapter_config.json"), "{}");
    Ran refused = batch("--json");
    assertThat(refused.exit()).isEqualTo(1);
    assertThat(states(refused))
        .containsExactly("skipped", "failed", "skipped", "skipped", "skipped", "failed", "skipped");
    assertThat(refused.err()).contains("checksum", "adapter_config.json is missing or another");
    Files.writeString(manifest, MANIFEST.replace("[[convert]]", "[[convert]]\nforce = true"));
    Ran forced = batch("--json");
    done(forced);
    assertThat(states(forced))
        .containsExactly("skipped", "done", "skipped", "skipped", "skipped", "done", "skipped");
    assertThat(states(batch("--json"))).containsOnly("skipped");
  }

  @Test
  void otherSettingsOrAnotherInputAreAnotherJob() throws IOException {
    done(batch());
    Files.writeString(
        manifest, MANIFEST.replace("to = \"peft\"", "to = \"peft\"\ndtype = \"fp32\""));
    flip(folder.resolve("b.safetensors"));
    Ran ran = batch("--json");
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(states(ran))
        .containsExactly("skipped", "skipped", "skipped", "failed", "failed", "failed", "skipped");
    assertThat(ran.err()).contains("other inputs or other settings");
  }

  @Test
  void resumeBelievesTheJournal() throws IOException {
    done(batch());
    // Nothing but the journal says that this is finished: its data are not read.
    flip(out.resolve("kohya/b.safetensors"));
    assertThat(states(batch("--resume", "--json"))).containsOnly("skipped").hasSize(JOBS);
    assertThat(batch().exit()).isEqualTo(1);
  }

  @Test
  void aConversionThatFailsLeavesTheOthersAlone() throws IOException {
    append(
        """
        [[convert]]
        input = "a.safetensors"
        to = "aitoolkit"
        base = "base.safetensors"
        output = "bad.safetensors"
        [[convert]]
        input = "gone.safetensors"
        to = "ldm"
        output = "gone"
        [[convert]]
        input = "base.safetensors"
        drop-unsupported = true
        output = "dropped.safetensors"
        [[convert]]
        input = "a.safetensors"
        output = "nowhere.safetensors"
        [[convert]]
        input = "a.safetensors"
        to = "kohya"
        max-shard-size = "1GB"
        output = "shards.safetensors"
        """);
    Ran ran = batch();
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.out()).contains(JOBS + " done, 5 failed");
    assertThat(ran.err())
        .contains(
            "job 8, line 21",
            "aitoolkit knows DoRA on linear layers alone",
            "gone.safetensors",
            "it is a checkpoint, with which 'drop-unsupported' does not go",
            "'to' has to be one of",
            "it is an adapter, with which 'max-shard-size' does not go")
        .doesNotContain("internal", "error in radiata");
    for (String bad : List.of("bad", "gone", "dropped", "nowhere", "shards")) {
      assertThat(out.resolve(bad + ".safetensors")).doesNotExist();
    }
    String last = Files.readAllLines(folder.resolve("jobs.journal.jsonl")).getLast();
    assertThat(JsonParser.parseString(last).getAsJsonObject().get("failed").getAsInt())
        .isEqualTo(5);
  }

  @Test
  void aDryRunTellsTheBytesOfTheWeights() throws IOException {
    Ran dry = batch("--dry-run", "--json");
    done(dry);
    assertThat(out).doesNotExist();
    assertThat(states(dry)).containsOnly("planned").hasSize(JOBS);
    JsonElement second = dry.json().getAsJsonArray("jobs").get(1);
    assertThat(second.getAsJsonObject().get("verb").getAsString()).isEqualTo("convert");
    assertThat(second.getAsJsonObject().get("input").getAsString()).endsWith("a.safetensors");
    assertThat(batch("--dry-run").out()).contains("to comfyui", "kohya/b.safetensors", "to write");
    done(batch());
    long written = 0;
    try (Stream<Path> files = Files.walk(out)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".safetensors")).toList()) {
        written += Files.isRegularFile(file) ? Files.size(file) : 0;
      }
    }
    assertThat(dry.json().get("bytes").getAsLong()).isEqualTo(written);
    assertThat(states(batch("--dry-run", "--json"))).containsOnly("skipped");
  }

  @Test
  void shardsTogetherDoEverythingOnce() {
    List<String> states = new ArrayList<>();
    for (int i = 1; i <= 3; i++) {
      Ran ran = batch("--shard", i + "/3", "--json");
      done(ran);
      states.addAll(states(ran));
    }
    assertThat(states).containsOnly("done").hasSize(JOBS);
    assertThat(states(batch("--json"))).containsOnly("skipped");
  }
}
