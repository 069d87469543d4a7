package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whole batches through the command line.
class BatchTest {
  private static final List<String> CASES = List.of("dora-f16-out", "dora-f16-in");
  private static final List<String> STRENGTHS = List.of("0.3", "1", "-0.5");

  @TempDir Path folder;
  private Path manifest;
  private Path out;

  @BeforeEach
  void copyModels() throws IOException {
    out = folder.resolve("out");
    for (String name : CASES) {
      Files.copy(Ran.golden(name + "/base.safetensors"), folder.resolve(name + ".safetensors"));
      Files.copy(
          Ran.golden(name + "/adapter.safetensors"), folder.resolve(name + "-a.safetensors"));
    }
    manifest = folder.resolve("jobs.toml");
    Files.writeString(
        manifest,
        """
        output = "out"
        [grid]
        bases = ["dora-f16-out.safetensors"]
        adapters = ["dora-f16-out-a.safetensors"]
        strengths = [0.3, 1, -0.5]
        output = "{adapter}-{strength}.safetensors"
        [[bake]]
        base = "dora-f16-in.safetensors"
        adapters = ["dora-f16-in-a.safetensors:0.7"]
        runtime = "comfyui"
        output = "deep/in.safetensors"
        """);
  }

  private Ran batch(Object... options) {
    List<Object> line = new ArrayList<>(List.of("batch", manifest));
    line.addAll(List.of(options));
    return Ran.radiata(line.toArray());
  }

  private static void done(Ran ran) {
    assertThat(ran.exit()).as(ran.err()).isZero();
  }

  private Path gridOutput(String strength) {
    return out.resolve("dora-f16-out-a-" + strength + ".safetensors");
  }

  private static List<String> states(Ran ran) {
    List<String> states = new ArrayList<>();
    for (JsonElement job : ran.json().getAsJsonArray("jobs")) {
      states.add(job.getAsJsonObject().get("state").getAsString());
    }
    return states;
  }

  private List<JsonObject> journal(String name) throws IOException {
    return Files.readAllLines(folder.resolve(name)).stream()
        .filter(line -> !line.isBlank())
        .map(line -> JsonParser.parseString(line).getAsJsonObject())
        .toList();
  }

  private static void flip(Path file) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(bytes.length() - 1);
      int last = bytes.read();
      bytes.seek(bytes.length() - 1);
      bytes.write(last ^ 1);
    }
  }

  @Test
  void aDateIsWrittenAndAnotherOneIsAnotherOutput() throws IOException {
    String text = Files.readString(manifest);
    String dated = "[defaults]\ndate = 2026-05-12\nverify = true\n";
    Files.writeString(manifest, text.replace("[grid]", dated + "[grid]"));
    done(batch());
    Path single = folder.resolve("single.safetensors");
    done(
        Ran.radiata(
            "bake",
            folder.resolve("dora-f16-out.safetensors"),
            "-a",
            folder.resolve("dora-f16-out-a.safetensors"),
            "--date",
            "2026-05-12",
            "--verify",
            "-o",
            single));
    assertThat(gridOutput("1")).hasSameBinaryContentAs(single);
    assertThat(states(batch("--json"))).containsOnly("skipped");
    Files.writeString(manifest, text);
    Ran other = batch();
    assertThat(other.exit()).isEqualTo(1);
    assertThat(other.err() + other.out()).contains("it has another date");
  }

  @Test
  void writesTheBytesOfSingleBakes() throws IOException {
    Ran ran = batch();
    done(ran);
    assertThat(ran.out()).contains("4 done");
    for (String strength : STRENGTHS) {
      Path single = folder.resolve("single" + strength + ".safetensors");
      done(
          Ran.radiata(
              "bake",
              folder.resolve("dora-f16-out.safetensors"),
              "-a",
              folder.resolve("dora-f16-out-a.safetensors") + ":" + strength,
              "-o",
              single));
      assertThat(gridOutput(strength)).hasSameBinaryContentAs(single);
    }
    Path single = folder.resolve("single.safetensors");
    done(
        Ran.radiata(
            "bake",
            folder.resolve("dora-f16-in.safetensors"),
            "-a",
            folder.resolve("dora-f16-in-a.safetensors") + ":0.7",
            "--runtime",
            "comfyui",
            "-o",
            single));
    assertThat(out.resolve("deep/in.safetensors")).hasSameBinaryContentAs(single);
    assertThat(journal("jobs.journal.jsonl").stream().map(line -> line.get("event").getAsString()))
        .containsExactly(
            "begun", "started", "started", "started", "done", "done", "done", "started", "done",
            "ended");
  }

  @Test
  void leavesFinishedOutputsAlone() throws IOException {
    done(batch());
    FileTime old = FileTime.fromMillis(1_000_000);
    for (String strength : STRENGTHS) {
      Files.setLastModifiedTime(gridOutput(strength), old);
    }
    Files.delete(out.resolve("deep/in.safetensors"));
    Ran again = batch("--json");
    done(again);
    assertThat(states(again)).containsExactly("skipped", "skipped", "skipped", "done");
    for (String strength : STRENGTHS) {
      assertThat(Files.getLastModifiedTime(gridOutput(strength))).isEqualTo(old);
    }
  }

  @Test
  void anOutputWithABrokenChecksumIsNotTakenForFinished() throws IOException {
    done(batch());
    flip(gridOutput("1"));
    Ran refused = batch("--json");
    assertThat(refused.exit()).isEqualTo(1);
    assertThat(states(refused)).containsExactly("skipped", "failed", "skipped", "skipped");
    assertThat(refused.err()).contains("checksum", "force = true");
    Files.writeString(
        manifest, Files.readString(manifest).replace("[grid]", "[grid]\nforce = true"));
    Ran forced = batch("--json");
    done(forced);
    assertThat(states(forced)).containsExactly("skipped", "done", "skipped", "skipped");
    assertThat(states(batch("--json"))).containsOnly("skipped");
  }

  @Test
  void anotherStrengthOrAnotherAdapterIsNotTheSameJob() throws IOException {
    done(batch());
    Files.copy(folder.resolve("dora-f16-in-a.safetensors"), folder.resolve("x.safetensors"));
    flip(folder.resolve("dora-f16-out-a.safetensors"));
    Ran ran = batch();
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err()).contains("other inputs or other settings");
    assertThat(ran.out()).contains("1 skipped, 3 failed");
  }

  @Test
  void resumeBelievesTheJournalAndMakesWhatIsMissing() throws IOException {
    done(batch());
    // Nothing but the journal says that this is finished: its data are not read.
    flip(gridOutput("0.3"));
    Files.delete(gridOutput("1"));
    Ran resumed = batch("--resume", "--json");
    done(resumed);
    assertThat(states(resumed)).containsExactly("skipped", "done", "skipped", "skipped");
    assertThat(batch("--json").exit()).isEqualTo(1);
  }

  @Test
  void aJournalCutInTheMiddleOfALineIsReadUpToThere() throws IOException {
    done(batch());
    Path journal = folder.resolve("jobs.journal.jsonl");
    String text = Files.readString(journal);
    Files.writeString(journal, text.substring(0, text.length() - 20));
    assertThat(states(batch("--resume", "--json"))).containsOnly("skipped");
    assertThat(Files.readString(journal)).contains("\n{\"event\":\"begun\"");
  }

  @Test
  void aJobThatFailsLeavesTheOthersAlone() throws IOException {
    Files.writeString(
        manifest,
        """
        [[bake]]
        base = "dora-f16-in.safetensors"
        adapters = ["gone.safetensors"]
        output = "o/bad.safetensors"
        """,
        java.nio.file.StandardOpenOption.APPEND);
    Ran ran = batch();
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err()).contains("job 5", "line 12", "gone.safetensors");
    assertThat(ran.out()).contains("4 done, 1 failed", "o/bad.safetensors");
    assertThat(out.resolve("deep/in.safetensors")).exists();
    assertThat(out.resolve("o/bad.safetensors")).doesNotExist();
    assertThat(journal("jobs.journal.jsonl").getLast().get("failed").getAsInt()).isEqualTo(1);
  }

  @Test
  void aNaNInOneAdapterFailsItsOwnJobsOnly() throws IOException {
    Path broken = folder.resolve("nan.safetensors");
    byte[] bytes = Files.readAllBytes(folder.resolve("dora-f16-out-a.safetensors"));
    // The last tensor of the file ends with the file; an F16 or F32 of all ones is a NaN.
    bytes[bytes.length - 1] = (byte) 0xff;
    bytes[bytes.length - 2] = (byte) 0xff;
    Files.write(broken, bytes);
    Files.writeString(
        manifest,
        Files.readString(manifest)
            .replace(
                "adapters = [\"dora-f16-out-a.safetensors\"]",
                "adapters = [\"dora-f16-out-a.safetensors\", \"nan.safetensors\"]"));
    Ran ran = batch("--json");
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(states(ran))
        .containsExactlyInAnyOrder("done", "done", "done", "failed", "failed", "failed", "done");
    assertThat(ran.err()).contains("NaN");
    try (Stream<Path> files = Files.list(out)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "deep",
              "dora-f16-out-a-0.3.safetensors",
              "dora-f16-out-a-1.safetensors",
              "dora-f16-out-a--0.5.safetensors");
    }
  }

  @Test
  void aDryRunTellsJobsAndBytesAndWritesNothing() throws IOException {
    Ran dry = batch("--dry-run", "--json");
    done(dry);
    assertThat(out).doesNotExist();
    assertThat(folder.resolve("jobs.journal.jsonl")).doesNotExist();
    assertThat(states(dry)).containsOnly("planned").hasSize(4);
    long promised = dry.json().get("bytes").getAsLong();
    assertThat(batch("--dry-run").out())
        .contains("4 planned", "to write", "dora-f16-out-a.safetensors:0.3");
    done(batch());
    long written = 0;
    try (Stream<Path> files = Files.walk(out)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        written += Files.size(file);
      }
    }
    assertThat(written).isEqualTo(promised);
    assertThat(states(batch("--dry-run", "--json"))).containsOnly("skipped");
  }

  @Test
  void shardsTogetherDoEverythingOnce() throws IOException {
    List<String> states = new ArrayList<>();
    for (int i = 1; i <= 3; i++) {
      Ran ran = batch("--shard", i + "/3", "--json");
      done(ran);
      states.addAll(states(ran));
      assertThat(folder.resolve("jobs.journal-%dof3.jsonl".formatted(i))).exists();
    }
    assertThat(states).containsOnly("done").hasSize(4);
    assertThat(states(batch("--json"))).containsOnly("skipped");
  }

  @Test
  void anOutputFolderOfTheCommandLine() throws IOException {
    done(batch("-o", folder.resolve("elsewhere")));
    assertThat(folder.resolve("elsewhere/deep/in.safetensors")).exists();
    assertThat(out).doesNotExist();
  }

  @Test
  void wrongUsage() throws IOException {
    assertThat(batch("--shard", "4/3").exit()).isEqualTo(2);
    assertThat(batch("--shards", "3").exit()).isEqualTo(2);
    assertThat(batch("--shard", "1/3", "--shards", "4").exit()).isEqualTo(2);
    assertThat(Ran.radiata("batch").exit()).isEqualTo(2);
    Files.writeString(manifest, "grids = 1\n");
    Ran unknown = batch();
    assertThat(unknown.exit()).isEqualTo(1);
    assertThat(unknown.err())
        .startsWith("radiata batch: " + manifest + ": line 1, column 1: unknown key 'grids'")
        .contains("'grid'");
    assertThat(Ran.radiata("batch", folder.resolve("none.toml")).exit()).isEqualTo(1);
  }
}
