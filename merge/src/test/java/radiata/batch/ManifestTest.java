package radiata.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.convention.DoraAxis;
import radiata.convert.folder.Prediction;

/// What a manifest says, and what it must not say.
class ManifestTest {
  private static final String GRID =
      """
      [grid]
      bases = ["b/one.safetensors", "two"]
      adapters = ["x.safetensors", ["y.safetensors:0.5", "peft/adapter_model.safetensors"]]
      strengths = [0.5, 1]
      output = "{base}/{adapter}-{strength}.safetensors"
      """;

  @TempDir Path folder;

  private Manifest read(String text) throws IOException {
    return Manifest.read(
        Files.writeString(folder.resolve("jobs.toml"), text), Optional.<Path>empty());
  }

  private void refused(String text, String... says) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(ManifestException.class)
        .message()
        .doesNotContain("\n")
        .contains(says);
  }

  @Test
  void aGridIsBasesByAdaptersByStrengths() throws IOException {
    List<Job> jobs = read("output = \"out\"\n" + GRID).jobs();
    assertThat(jobs.stream().map(Job::name))
        .containsExactly(
            "one/x-0.5.safetensors",
            "one/x-1.safetensors",
            "one/y+peft-0.5.safetensors",
            "one/y+peft-1.safetensors",
            "two/x-0.5.safetensors",
            "two/x-1.safetensors",
            "two/y+peft-0.5.safetensors",
            "two/y+peft-1.safetensors");
    BakeJob third = (BakeJob) jobs.get(2);
    assertThat(third.base()).isEqualTo(folder.resolve("b/one.safetensors"));
    assertThat(third.output()).isEqualTo(folder.resolve("out/one/y+peft-0.5.safetensors"));
    assertThat(third.adapters().stream().map(BakeJob.Use::strength)).containsExactly(0.25, 0.5);
    assertThat(third.number()).isEqualTo(3);
  }

  @Test
  void datesAreTomlsOwnOrTexts() throws IOException {
    for (String date : List.of("2026-05-12", "\"2026-05-12\"")) {
      BakeJob bake =
          (BakeJob)
              read("[defaults]\nverify = true\ndate = " + date + "\n" + GRID).jobs().getFirst();
      assertThat(bake.options().writing().date()).hasValue("2026-05-12");
      assertThat(bake.options().verify()).isTrue();
    }
    ConvertJob convert =
        (ConvertJob)
            read("""
            [[convert]]
            input = "a"
            to = "kohya"
            output = "b"
            date = 2026-05-12T10:00:00Z
            """)
                .jobs()
                .getFirst();
    assertThat(convert.options().date().orElseThrow()).startsWith("2026-05-12T10:00");
    refused(GRID + "date = \"12.5.2026\"", "line 6", "'12.5.2026' is no date");
    refused(GRID + "date = 3", "line 6", "'date' is not a text");
  }

  @Test
  void anAxisNeedsABaseAndARankAnAxis() throws IOException {
    String convert = "[[convert]]\ninput = \"a\"\noutput = \"b\"\n";
    ConvertJob job =
        (ConvertJob)
            read(convert + "base = \"m\"\naxis = \"output\"\nrank = 8\ndylora-rank = 2")
                .jobs()
                .getFirst();
    assertThat(job.options().axis()).hasValue(DoraAxis.OUTPUT);
    assertThat(job.options().rank()).hasValue(8);
    assertThat(job.options().ranks()).hasValue(2);
    refused(convert + "axis = \"output\"", "line 4", "name it with 'base'");
    refused(convert + "rank = 8", "line 4", "'rank' goes with 'axis'");
    refused(convert + "base = \"m\"\naxis = \"up\"", "line 5", "none of output, input");
    refused(
        convert + "base = \"m\"\naxis = \"input\"\nrank = 0",
        "line 6",
        "'rank' is 0, from 1 on is expected");
  }

  @Test
  void aJobsOwnOptionsGoBeforeTheDefaults() throws IOException {
    List<Job> jobs =
        read("""
        [defaults]
        runtime = "comfyui"
        dtype = "bf16"
        [[bake]]
        base = "b"
        adapters = ["a:0.7"]
        output = "{runtime}-{dtype}-{job}"
        [[bake]]
        base = "b"
        adapters = ["a:0.7"]
        output = "{runtime}-{dtype}-{job}"
        runtime = "peft"
        unet = 0
        allow-unmatched = true
        """)
            .jobs();
    assertThat(jobs.stream().map(Job::name)).containsExactly("comfyui-bf16-1", "peft-bf16-2");
    BakeJob.Options second = ((BakeJob) jobs.get(1)).options();
    assertThat(second.unet()).isZero();
    assertThat(second.allowUnmatched()).isTrue();
    assertThat(second.force()).isFalse();
  }

  @Test
  void anUnknownKeyIsToldWithItsPlaceAndTheNearest() {
    refused(GRID + "strenght = 1\n", "line 6, column 1", "strenght", "[grid]", "strengths");
    refused("outptu = \"x\"\n" + GRID, "line 1, column 1", "'output'");
    refused(GRID + "runtime = \"comfy\"\n", "line 6", "'comfy' is none of", "comfyui");
    refused("[defaults]\nbase = \"x\"\n" + GRID, "line 2, column 1", "[defaults]");
  }

  @Test
  void aWrongTypeIsToldWithItsPlace() {
    refused(GRID.replace("[0.5, 1]", "0.5"), "line 4", "not a list");
    refused(GRID.replace("[0.5, 1]", "[]"), "line 4", "empty");
    refused(GRID.replace("[0.5, 1]", "[0.5, \"1\"]"), "line 4, column 19", "finite number");
    refused(GRID.replace("[0.5, 1]", "[inf]"), "line 4", "finite number");
    refused(GRID + "force = 1\n", "line 6", "true or false");
    refused("grid = 1", "line 1", "write [grid]");
    refused(GRID.replace("output", "#"), "line 1", "'output' is missing in [grid]");
    refused("[grid\n", "line 1");
    refused("a = 1\na = 2\n", "line 2");
    refused("", "no job");
  }

  @Test
  void aPlaceInATemplateThatStandsForNothing() {
    refused(GRID.replace("{adapter}", "{adaptor}"), "line 5", "{adaptor}", "{adapter}");
    refused(GRID.replace("{adapter}", "{adapter"), "line 5", "stands for nothing");
  }

  @Test
  void outputsThatCollide() {
    refused(GRID.replace("-{strength}", ""), "two jobs write one/x.safetensors", "line 1");
    refused(
        GRID + "[[bake]]\nbase = \"b\"\nadapters = [\"a\"]\noutput = \"one/x-1.safetensors/in\"\n",
        "line 6",
        "inside the output one/x-1.safetensors");
    refused(
        GRID + "[[bake]]\nbase = \"one/x-1.safetensors\"\nadapters = [\"a\"]\noutput = \"o\"\n",
        "is an input of the job at line 6");
  }

  @Test
  void conversionsAreInputsByForms() throws IOException {
    List<Job> jobs =
        read("""
        output = "out"
        [defaults]
        dtype = "bf16"
        runtime = "comfyui"
        [[convert]]
        inputs = ["x.safetensors", "peft/adapter_model.safetensors"]
        to = ["kohya", "diffusers"]
        base = "b/one.safetensors"
        output = "{to}/{input}-{dtype}.safetensors"
        [[convert]]
        input = "two"
        dtype = "keep"
        max-shard-size = "5GB"
        prediction = "v"
        force = true
        output = "{input}-{to}-{dtype}-{job}"
        """)
            .jobs();
    assertThat(jobs.stream().map(Job::name))
        .containsExactly(
            "kohya/x-bf16.safetensors",
            "diffusers/x-bf16.safetensors",
            "kohya/peft-bf16.safetensors",
            "diffusers/peft-bf16.safetensors",
            "two-keep-keep-5");
    ConvertJob second = (ConvertJob) jobs.get(1);
    assertThat(second.input()).isEqualTo(folder.resolve("x.safetensors"));
    assertThat(second.output()).isEqualTo(folder.resolve("out/diffusers/x-bf16.safetensors"));
    assertThat(second.options().base()).isEqualTo(folder.resolve("b/one.safetensors"));
    assertThat(second.options().force()).isFalse();
    ConvertJob.Options last = ((ConvertJob) jobs.getLast()).options();
    assertThat(last.to()).isEmpty();
    assertThat(last.dtype()).isEmpty();
    assertThat(last.maxShardBytes()).hasValue(5_000_000_000L);
    assertThat(last.prediction()).contains(Prediction.V);
    assertThat(last.force()).isTrue();
  }

  @Test
  void whatAConversionMustNotSay() {
    String convert = "[[convert]]\noutput = \"o\"\n";
    refused(convert, "line 1", "'input' is missing in [[convert]]");
    refused(convert + "input = \"a\"\ninputs = [\"b\"]\n", "line 3", "the same");
    refused(convert + "inputs = \"a\"\n", "line 3", "not a list");
    refused(convert + "inputs = []\n", "line 3", "empty");
    String one = convert + "input = \"a\"\n";
    refused(one + "to = \"comfy\"\n", "line 4", "'comfy' is none of", "nearest is 'comfyui'");
    refused(one + "to = [\"kohya\", 1]\n", "line 4, column 16", "element 2 of 'to'");
    refused(one + "to = []\n", "line 4", "empty");
    refused(one + "runtime = \"comfyui\"\n", "line 4", "unknown key 'runtime' in [[convert]]");
    refused(one + "max-shard-size = \"5 apples\"\n", "line 4", "'max-shard-size'");
    refused(one + "drop-unsupported = 1\n", "line 4", "true or false");
    refused(one.replace("\"o\"", "\"{adapter}\""), "line 2", "{adapter}", "{input}");
    refused(one + "to = [\"kohya\", \"comfyui\"]\n", "two jobs write o", "{input}, {to} or {job}");
    refused(
        GRID + "[[convert]]\ninput = \"one/x-1.safetensors\"\noutput = \"o\"\n",
        "is an input of the job at line 6");
    refused(
        GRID + "[[convert]]\ninput = \"a\"\nbase = \"one/x-1.safetensors\"\noutput = \"o\"\n",
        "is an input of the job at line 6");
  }

  @Test
  void aRuntimeWithOneStrength() {
    refused(GRID + "runtime = \"onetrainer\"\n", "line 6", "strength 1 only");
  }

  @Test
  void bytesThatAreNoText() throws IOException {
    Path file = folder.resolve("binary.toml");
    Files.write(file, new byte[] {'a', '=', '"', (byte) 0xff, '"'});
    assertThatThrownBy(() -> Manifest.read(file, Optional.empty()))
        .isInstanceOf(ManifestException.class)
        .hasMessageContaining("UTF-8");
  }

  @Test
  void listsWithinListsWithoutEnd() {
    refused("a = " + "[".repeat(200_000), "");
  }
}
