package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.cli.Ran.golden;
import static radiata.cli.Ran.radiata;
import static radiata.cli.Ran.real;
import static radiata.cli.TensorFileBuilder.shape;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class VerifyTest {
  @TempDir private Path folder;

  private static TensorFileBuilder tensors() {
    return new TensorFileBuilder();
  }

  private static List<String> codes(Ran ran) {
    JsonObject file = ran.json().getAsJsonArray("files").get(0).getAsJsonObject();
    return StreamSupport.stream(file.getAsJsonArray("findings").spliterator(), false)
        .map(JsonElement::getAsJsonObject)
        .map(
            finding -> finding.get("level").getAsString() + " " + finding.get("code").getAsString())
        .toList();
  }

  @Test
  void findsNothingInASoundFile() {
    Path file = real("models/stories260K/model.safetensors");

    Ran ran = radiata("verify", file, "--json");

    assertThat(ran.exit()).isZero();
    assertThat(ran.json().keySet()).containsExactly("schema", "files");
    JsonObject verdict = ran.json().getAsJsonArray("files").get(0).getAsJsonObject();
    assertThat(verdict.keySet()).containsExactly("path", "ok", "findings");
    assertThat(verdict.get("path").getAsString()).isEqualTo(file.toString());
    assertThat(verdict.get("ok").getAsBoolean()).isTrue();
    assertThat(verdict.getAsJsonArray("findings")).isEmpty();
    assertThat(radiata("verify", file).out())
        .isEqualTo(file + ": ok; no provenance, so no checksums\n");
  }

  @Test
  void findsNotANumberAndInfinity() throws IOException {
    Path file =
        tensors()
            .f16("model.a.weight", shape(2, 2), 1, Double.NaN, 2, Double.NaN)
            .f64("model.b.weight", shape(2), 1, Double.NEGATIVE_INFINITY)
            .write(folder.resolve("x.safetensors"));

    Ran ran = radiata("verify", file, "--json");

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(codes(ran)).containsExactly("error nan", "error infinity");
    assertThat(radiata("verify", file).out())
        .isEqualTo(
            file
                + """
                : not ok (2 errors, 0 warnings); no provenance, so no checksums
                  error: nan: model.a.weight: 2 of 4 elements are NaN
                  error: infinity: model.b.weight: 1 of 2 elements is infinite
                """);
  }

  @Test
  void findsNotANumberBeyondTheFirstBlock() throws IOException {
    double[] values = new double[300_000];
    values[299_999] = Double.NaN;
    Path file = tensors().f16("w", shape(300_000), values).write(folder.resolve("x"));

    assertThat(codes(radiata("verify", file, "--json"))).containsExactly("error nan");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../x", "a/../../b", "/etc/passwd", "..\\x", "C:\\x", "nul", "CON.weight", ".."})
  void warnsOfNamesThatReadAsPaths(String name) throws IOException {
    Path file = tensors().f32(name, shape(1), 1).write(folder.resolve("x"));

    Ran ran = radiata("verify", file, "--json");

    assertThat(ran.exit()).isZero();
    assertThat(codes(ran)).containsExactly("warning unsafe-name");
  }

  @Test
  void takesUsualNamesAsTheyAre() throws IOException {
    Path file =
        tensors()
            .f32("a..b", shape(1), 1)
            .f32("transformer.h.0.attn.weight", shape(1), 1)
            .f32("con_in.weight", shape(1), 1)
            .write(folder.resolve("x"));

    assertThat(codes(radiata("verify", file, "--json"))).isEmpty();
  }

  @Test
  void escapesATerminalSequenceInAName() throws IOException {
    Path file = tensors().f32("x\u001b[2Jy", shape(1), 1).write(folder.resolve("x"));

    Ran ran = radiata("verify", file);

    assertThat(ran.exit()).isZero();
    assertThat(ran.out()).contains("warning: odd-name: x\\x1b[2Jy").doesNotContain("\u001b");
  }

  @Test
  void warnsOfDataAtAnOddOffset() throws IOException {
    Path file =
        tensors()
            .raw("flag", "U8", shape(1), 1)
            .f32("w", shape(1), 1)
            .unpadded()
            .write(
                folder.resolve("x"), header -> header + " ".repeat(1 + 2 * (header.length() % 2)));

    Ran ran = radiata("verify", file, "--json");

    assertThat(ran.exit()).isZero();
    assertThat(codes(ran)).contains("warning odd-offset").doesNotContain("error odd-offset");
  }

  @Test
  void judgesEachOfSeveralFiles() throws IOException {
    Path sound = tensors().f32("w", shape(1), 1).write(folder.resolve("sound"));
    Path overlapping =
        tensors()
            .f32("v", shape(1), 1)
            .f32("w", shape(1), 1)
            .write(folder.resolve("overlapping"), header -> header.replace("[4,8]", "[0,4]"));
    Path absent = folder.resolve("absent");

    Ran ran = radiata("verify", overlapping, sound, absent, "--json");

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err()).isEmpty();
    List<Boolean> ok =
        StreamSupport.stream(ran.json().getAsJsonArray("files").spliterator(), false)
            .map(file -> file.getAsJsonObject().get("ok").getAsBoolean())
            .toList();
    assertThat(ok).containsExactly(false, true, false);
    assertThat(codes(ran)).containsExactly("error invalid-offset");
  }

  @Test
  void wantsAFile() {
    assertThat(radiata("verify")).isEqualTo(new Ran(2, "", "radiata verify: FILE is missing\n"));
  }

  private static TensorFileBuilder lora(double alpha, double... down) {
    return tensors()
        .f32("lora_unet_a.lora_down.weight", shape(1, 2), down)
        .f32("lora_unet_a.lora_up.weight", shape(3, 1), 1, 2, 3)
        .f32("lora_unet_a.alpha", shape(), alpha);
  }

  @ParameterizedTest
  @CsvSource({
    "1, ",
    "0, warning alpha",
    "-1, warning alpha",
    "NaN, error adapter",
    "Infinity, error adapter"
  })
  void judgesAnAlpha(double alpha, String expected) throws IOException {
    Path file = lora(alpha, 1, 2).write(folder.resolve("x.safetensors"));

    List<String> codes = codes(radiata("verify", file, "--json"));

    assertThat(String.join(", ", codes)).startsWith(expected == null ? "" : expected);
    assertThat(codes.isEmpty()).isEqualTo(expected == null);
  }

  @Test
  void takesAnInfiniteAlphaThatScalesNothing() {
    Path file = golden("lokr-full-full-f16-alpha-inf/adapter.safetensors");

    Ran ran = radiata("verify", file, "--json");

    assertThat(ran.exit()).isZero();
    assertThat(codes(ran)).contains("warning alpha").noneMatch(code -> code.startsWith("error"));
  }

  @Test
  void findsFactorsThatDoNotMultiply() throws IOException {
    Path file =
        tensors()
            .f32("lora_unet_a.lora_down.weight", shape(1, 2), 1, 2)
            .f32("lora_unet_a.lora_up.weight", shape(2, 2), 1, 2, 3, 4)
            .write(folder.resolve("x.safetensors"));

    Ran ran = radiata("verify", file, "--json");

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(codes(ran)).containsExactly("error shape");
  }

  @Test
  void warnsOfAMagnitudeBelowZero() throws IOException {
    Path file =
        lora(1, 1, 2)
            .f32("lora_unet_a.dora_scale", shape(3, 1), 1, -0.5, 2)
            .write(folder.resolve("x.safetensors"));

    assertThat(codes(radiata("verify", file, "--json")))
        .containsExactly("warning negative-magnitude");
  }

  @Test
  void warnsOfKeysThatNobodyWrites() throws IOException {
    Path file = lora(1, 1, 2).f32("what.is.this", shape(1), 1).write(folder.resolve("x"));

    Ran ran = radiata("verify", file, "--json");

    assertThat(ran.exit()).isZero();
    assertThat(codes(ran)).containsExactly("warning unrecognised");
  }

  static List<String> cases() throws IOException {
    try (Stream<Path> folders = Files.list(golden(""))) {
      return folders
          .filter(each -> Files.exists(each.resolve("adapter.safetensors")))
          .map(each -> each.getFileName().toString())
          .filter(name -> !name.startsWith("reject-"))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void findsThatEveryGoldenFitsItsBase(String name) {
    Path file = golden(name).resolve("adapter.safetensors");

    Ran ran = radiata("verify", file, "--base", golden(name).resolve("base.safetensors"));

    assertThat(ran.exit()).as(ran.out()).isZero();
  }

  @Test
  void listsModulesWithoutAPlaceInTheBase() {
    Path golden = golden("reject-stray-module");

    Ran ran =
        radiata(
            "verify",
            golden.resolve("adapter.safetensors"),
            "--base",
            golden.resolve("base.safetensors"));

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.out())
        .contains(
            "error: unmatched: lycoris_blocks_7_attn_to_q.alpha: its module has no place in the"
                + " base; the nearest is lycoris_blocks_0_attn_to_q\n");
  }

  @Test
  void findsAPlaceOfAnotherShape() throws IOException {
    Path adapter = lora(1, 1, 2).write(folder.resolve("adapter"));
    Path base = tensors().f32("a.weight", shape(3, 3), new double[9]).write(folder.resolve("base"));

    Ran ran = radiata("verify", adapter, "--base", base, "--json");

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(codes(ran)).containsExactly("error misfit");
    assertThat(ran.out()).contains("[3, 2]").contains("[3, 3]");
  }

  @Test
  void findsNoFitForWhatIsNoAdapter() {
    Path base = golden("sd1-kohya-lora/base.safetensors");

    assertThat(codes(radiata("verify", base, "--base", base, "--json")))
        .containsExactly("error not-an-adapter");
  }

  @Test
  void refusesABaseThatCannotBeRead() {
    Ran ran = radiata("verify", golden("sd1-kohya-lora/adapter.safetensors"), "--base", "nowhere");

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err()).startsWith("radiata verify: nowhere: ");
  }
}
