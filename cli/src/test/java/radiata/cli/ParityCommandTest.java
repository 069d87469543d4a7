package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static radiata.cli.TensorFileBuilder.shape;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `parity` through the command line.
class ParityCommandTest {
  private static final Path BASE = Ran.golden("sd1-kohya-dora-out/base.safetensors");
  private static final Path DORA = Ran.golden("sd1-kohya-dora-out/adapter.safetensors");
  private static final String LAYER = "blocks.0.attn.to_q";

  @TempDir Path folder;

  private Path model(String name, long[] shape, double... values) throws IOException {
    return new TensorFileBuilder()
        .f32(LAYER + ".weight", shape, values)
        .write(folder.resolve(name));
  }

  /// W = [[1, 2, 2], [2, 0, 0]], V = [[0, 3, 4], [2, 0, 0]], m = [6, 2].
  private Path worked() throws IOException {
    return model("worked.safetensors", shape(2, 3), 1, 2, 2, 2, 0, 0);
  }

  private TensorFileBuilder dora() {
    return new TensorFileBuilder()
        .f32("lycoris_blocks_0_attn_to_q.lora_up.weight", shape(2, 1), 1, 0)
        .f32("lycoris_blocks_0_attn_to_q.lora_down.weight", shape(1, 3), -1, 1, 2)
        .f32("lycoris_blocks_0_attn_to_q.alpha", shape(), 1)
        .f32("lycoris_blocks_0_attn_to_q.dora_scale", shape(2, 1), 6, 2);
  }

  private static JsonObject only(JsonObject document) {
    assertThat(document.getAsJsonArray("modules")).hasSize(1);
    return document.getAsJsonArray("modules").get(0).getAsJsonObject();
  }

  private static double distance(JsonObject module, String runtime) {
    return module.getAsJsonObject("max_abs").get(runtime).getAsDouble();
  }

  private static List<String> texts(JsonObject object, String key) {
    return object.getAsJsonArray(key).asList().stream().map(JsonElement::getAsString).toList();
  }

  /// The first row is [0, 3.6, 4.8] by definition, [0, 6, 8] in ComfyUI, [0, 6, 6] in A1111, [0, 3,
  /// 4] without the magnitude.
  @Test
  void theWorkedExampleIsAsFarApartAsTheProgramsAre() throws IOException {
    Ran ran =
        Ran.radiata("parity", worked(), dora().write(folder.resolve("a.safetensors")), "--json");

    assertThat(ran.exit()).as(ran.err()).isZero();
    JsonObject document = ran.json();
    assertThat(document.get("schema").getAsInt()).isEqualTo(1);
    assertThat(texts(document, "runtimes"))
        .containsExactly(
            "exact",
            "lycoris",
            "lycoris-merge-bug",
            "comfyui",
            "forge",
            "a1111",
            "peft",
            "onetrainer",
            "aitoolkit",
            "plain");
    JsonObject module = only(document);
    assertThat(module.get("name").getAsString()).isEqualTo("lycoris_blocks_0_attn_to_q");
    assertThat(texts(module, "tensors")).containsExactly(LAYER + ".weight");
    assertThat(distance(module, "lycoris")).isLessThan(1e-5);
    assertThat(distance(module, "comfyui")).isCloseTo(3.2, within(1e-5));
    assertThat(distance(module, "a1111")).isCloseTo(2.4, within(1e-5));
    assertThat(distance(module, "plain")).isCloseTo(0.8, within(1e-5));
    assertThat(module.get("pairwise").getAsDouble()).isCloseTo(4, within(1e-5));
    assertThat(module.getAsJsonObject("change").get("max_abs").getAsDouble())
        .isCloseTo(2.8, within(1e-5));
    assertThat(module.getAsJsonObject("verdict").get("comfyui").getAsString())
        .isEqualTo("different");
    assertThat(module.getAsJsonObject("verdict").get("lycoris").getAsString())
        .isEqualTo("rounding");
  }

  @Test
  void aReaderIsToldWhoWroteTheFileWhichRuntimesDifferAndWhy() {
    Ran ran = Ran.radiata("parity", BASE, DORA);

    assertThat(ran.exit()).as(ran.err()).isZero();
    assertThat(ran.out())
        .contains(
            "adapter.safetensors over base.safetensors, strength 1\n",
            "  writer lycoris: ss_network_module is lycoris.kohya\n",
            "comfyui, forge\n  divides output-axis DoRA by the norm of W, not of W + change (7 modules)\n",
            "a1111\n  takes output-axis DoRA along the inputs (7 modules)\n",
            "does not read dora_scale, and drops the magnitude (7 modules)\n")
        .containsPattern("lycoris +0 +7 +0 +0 +[0-9.e-]+ +<0.1 % +the same but for rounding")
        .doesNotContain("Largest distance");
    assertThat(Ran.radiata("parity", BASE, DORA, "--layers").out())
        .contains("Largest distance from exact, by module")
        .containsPattern("lora_unet_down_blocks_0_attentions_0_proj_in +[0-9.]+ ");
  }

  @Test
  void whatARuntimeLeavesOutOrRefusesIsSaid() {
    Path golden = Ran.golden("sd1-kohya-lycoris-mix");
    Ran ran =
        Ran.radiata(
            "parity", golden.resolve("base.safetensors"), golden.resolve("adapter.safetensors"));

    assertThat(ran.exit()).as(ran.err()).isZero();
    assertThat(ran.out())
        .contains(
            "refuses the file",
            "peft\n  fails on this file: it does not read norm",
            "plain\n  leaves it as it is: it does not read loha (3 modules)\n")
        .containsPattern("comfyui +10 +0 +0 +0 +0 +0 % +the same");
    Ran weak =
        Ran.radiata(
            "parity",
            golden.resolve("base.safetensors"),
            golden.resolve("adapter.safetensors"),
            "--strength",
            "0.7");
    assertThat(weak.out()).contains("onetrainer\n  knows strength 1 only\n");
  }

  @Test
  void theDocumentIsTheSameWithAnyNumberOfThreads() {
    Ran one = Ran.radiata("parity", BASE, DORA, "--json", "--threads", "1");

    assertThat(Ran.radiata("parity", BASE, DORA, "--json", "--threads", "4").out())
        .isEqualTo(one.out());
  }

  /// Over the rows, m becomes 6 * 3/5 and 2 * 2/2.
  @Test
  void anExportMakesComfyUiBakeWhatTheDefinitionBakes() throws IOException {
    Path base = worked();
    Path file = dora().write(folder.resolve("a.safetensors"));
    Path made = folder.resolve("made.safetensors");
    Ran ran = Ran.radiata("parity", base, file, "--for", "comfyui", "-o", made);
    assertThat(ran.exit()).as(ran.err()).isZero();
    assertThat(ran.out())
        .contains(
            "1 module rewritten; at strength 1 ComfyUI bakes 1 of 1 module as the definition");
    assertThat(
            only(Ran.radiata("parity", base, file, "--json").json()).get("pairwise").getAsDouble())
        .isGreaterThan(3);

    Path exact = folder.resolve("exact.safetensors");
    Path comfy = folder.resolve("comfy.safetensors");
    assertThat(Ran.radiata("bake", base, "-a", file, "-o", exact).exit()).isZero();
    assertThat(Ran.radiata("bake", base, "-a", made, "--runtime", "comfyui", "-o", comfy).exit())
        .isZero();
    assertThat(Ran.radiata("compare", exact, comfy, "--rtol", "1e-6").exit()).isZero();
    assertThat(Ran.radiata("inspect", made).out()).contains("writer radiata");
    assertThat(Ran.radiata("verify", made).exit()).isZero();
  }

  @Test
  void theExportFlattensFactorsThatComfyUiWouldMultiplyAsMatrices() throws IOException {
    Path base = model("conv.safetensors", shape(2, 2, 1, 2), 1, 2, 3, 4, 5, 6, 7, 8);
    TensorFileBuilder loha = new TensorFileBuilder();
    for (String part : List.of("hada_w1", "hada_w2")) {
      String key = "lycoris_blocks_0_attn_to_q." + part;
      double[] down = new double[4];
      Arrays.setAll(down, i -> i - 1.5);
      loha.f32(key + "_a", shape(2, 1, 1, 1), 1, 2).f32(key + "_b", shape(1, 2, 1, 2), down);
    }
    Path file =
        loha.f32("lycoris_blocks_0_attn_to_q.alpha", shape(), 1)
            .write(folder.resolve("loha.safetensors"));
    Path made = folder.resolve("made.safetensors");

    assertThat(Ran.radiata("parity", base, file).out()).containsPattern("comfyui +0 +0 +0 +1");
    Ran ran = Ran.radiata("parity", base, file, "--for", "comfyui", "-o", made);
    assertThat(ran.exit()).as(ran.err()).isZero();
    assertThat(Ran.radiata("parity", base, made).out()).containsPattern("comfyui +1 +0 +0 +0");
  }

  @Test
  void whatComfyUiCannotBeMadeToComputeIsListed() {
    Path golden = Ran.golden("extractor-sparse-bias");
    Path made = folder.resolve("made.safetensors");
    Ran ran =
        Ran.radiata(
            "parity",
            golden.resolve("base.safetensors"),
            golden.resolve("adapter.safetensors"),
            "--for",
            "comfyui",
            "-o",
            made,
            "--json");

    assertThat(ran.exit()).as(ran.err()).isZero();
    assertThat(ran.json().getAsJsonArray("cannot"))
        .isNotEmpty()
        .allSatisfy(each ->
            assertThat(texts(each.getAsJsonObject(), "because"))
                .contains("drops the sparse remainder"));
  }

  @Test
  void anExportIsTheSameBytesWithAnyNumberOfThreadsAndReplacesNothingUnasked() throws IOException {
    Path one = folder.resolve("one.safetensors");
    Path four = folder.resolve("four.safetensors");
    for (Path made : List.of(one, four)) {
      String threads = made.equals(one) ? "1" : "4";
      assertThat(
              Ran.radiata(
                      "parity", BASE, DORA, "--for", "comfyui", "-o", made, "--threads", threads)
                  .exit())
          .isZero();
    }
    assertThat(one).hasSameBinaryContentAs(four);
    Ran again = Ran.radiata("parity", BASE, DORA, "--for", "comfyui", "-o", one);
    assertThat(again.exit()).isEqualTo(1);
    assertThat(again.err()).contains("exists; --force replaces it");
    assertThat(Files.readAllBytes(one)).isEqualTo(Files.readAllBytes(four));
  }

  @Test
  void anAdapterForAnotherModelIsRefusedAsABakeRefusesIt() throws IOException {
    Ran ran = Ran.radiata("parity", worked(), DORA);

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err()).contains("no place in the base").doesNotContain("\tat ");
    Ran turned = Ran.radiata("parity", DORA, BASE);
    assertThat(turned.exit()).isEqualTo(1);
    assertThat(turned.err()).contains("this is an adapter");
  }

  @ParameterizedTest
  @CsvSource({
    "--for comfyui, '-o, --output OUT is missing'",
    "-o out.safetensors, '--for RUNTIME is missing'",
    "--for comfyui -o out.safetensors --strength 0.5, strength 1 only",
    "--for a1111 -o out.safetensors, is none of comfyui",
    "--strength much, is not a number"
  })
  void senselessOptionsAreWrongUsage(String options, String said) {
    Object[] line = ("parity " + BASE + " " + DORA + " " + options).split(" ");
    Ran ran = Ran.radiata(line);

    assertThat(ran.exit()).isEqualTo(2);
    assertThat(ran.err()).contains(said);
  }
}
