package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static radiata.cli.Ran.golden;
import static radiata.cli.Ran.radiata;
import static radiata.cli.Ran.real;
import static radiata.cli.TensorFileBuilder.shape;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompareTest {
  @TempDir private Path folder;

  private Path file(String name, TensorFileBuilder tensors) throws IOException {
    return tensors.write(folder.resolve(name));
  }

  private static TensorFileBuilder tensors() {
    return new TensorFileBuilder();
  }

  @Test
  void findsAFileEqualToItself() {
    Path base = golden("sd1-kohya-lora/base.safetensors");

    Ran ran = radiata("compare", base, base, "--json");

    assertThat(ran.exit()).isZero();
    assertThat(ran.err()).isEmpty();
    assertThat(ran.json().keySet())
        .containsExactly("schema", "equal", "missing", "added", "changed");
    assertThat(ran.json().get("equal").getAsBoolean()).isTrue();
    assertThat(radiata("compare", base, base).out()).isEqualTo("equal: 29 tensors\n");
  }

  @Test
  void findsAFolderEqualToItsFile() {
    Path model = real("models/stories260K");

    assertThat(radiata("compare", model, model.resolve("model.safetensors")).exit()).isZero();
  }

  @Test
  void ignoresMetadataAndTheOrderOfTensors() throws IOException {
    Path a =
        file("a", tensors().f32("x", shape(1), 1).f32("y", shape(2), 2, 3).metadata("k", "v"));
    Path b = file("b", tensors().f32("y", shape(2), 2, 3).f32("x", shape(1), 1));

    assertThat(radiata("compare", a, b).exit()).isZero();
  }

  @Test
  void listsWhatIsMissingAddedAndChanged() throws IOException {
    Path a =
        file("a", tensors().f32("gone", shape(1), 1).f32("same", shape(1), 1).f32("w", shape(3), 1, 2, 2));
    Path b =
        file("b", tensors().f32("new", shape(1), 1).f32("same", shape(1), 1).f32("w", shape(3), 1, 2, 3));

    Ran ran = radiata("compare", a, b, "--json");

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.json().get("missing")).hasToString("[\"gone\"]");
    assertThat(ran.json().get("added")).hasToString("[\"new\"]");
    JsonObject changed = ran.json().getAsJsonArray("changed").get(0).getAsJsonObject();
    assertThat(ran.json().getAsJsonArray("changed")).hasSize(1);
    assertThat(changed.get("tensor").getAsString()).isEqualTo("w");
    assertThat(changed.get("max_abs").getAsDouble()).isEqualTo(1);
    assertThat(changed.get("max_rel").getAsDouble()).isEqualTo(1 / 3.0);
    assertThat(changed.get("cosine").getAsDouble())
        .isCloseTo(11 / (3 * Math.sqrt(14)), within(1e-15));
    assertThat(radiata("compare", a, b).out())
        .contains("gone")
        .endsWith("different: 1 of 2 common tensors changed, 1 only in A, 1 only in B\n");
  }

  @ParameterizedTest
  @CsvSource({"0.5, 0, 0", "0.49, 0, 1", "0, 0.1, 0", "0, 0.09, 1", "0.25, 0.05, 0", "0.25, 0.04, 1"})
  void toleratesAsNumpyDoes(String absolute, String relative, int exit) throws IOException {
    Path a = file("a", tensors().f64("w", shape(2), 5.5, 1));
    Path b = file("b", tensors().f64("w", shape(2), 5, 1));

    assertThat(radiata("compare", a, b, "--atol", absolute, "--rtol", relative).exit())
        .isEqualTo(exit);
  }

  @Test
  void comparesOtherTypesByValue() throws IOException {
    Path f16 = file("a", tensors().f16("w", shape(4), 1.5, -2, Double.NaN, Double.POSITIVE_INFINITY));
    Path f64 = file("b", tensors().f64("w", shape(4), 1.5, -2, Double.NaN, Double.POSITIVE_INFINITY));
    Path i64 = file("c", tensors().i64("w", shape(4), 1, -2, 0, 3));

    assertThat(radiata("compare", f16, f64).exit()).isZero();
    assertThat(radiata("compare", f16, i64).exit()).isEqualTo(1);
  }

  @Test
  void countsTheSignOfZeroAsADifferentBit() throws IOException {
    Path a = file("a", tensors().f32("w", shape(1), 0.0));
    Path b = file("b", tensors().f32("w", shape(1), -0.0));

    assertThat(radiata("compare", a, b).exit()).isEqualTo(1);
    assertThat(radiata("compare", a, b, "--atol", "1e-9").exit()).isZero();
  }

  @Test
  void saysNotANumberWhereJsonHasNoNumber() throws IOException {
    Path a = file("a", tensors().f32("w", shape(2), 1, Double.NaN));
    Path b = file("b", tensors().f32("w", shape(2), 1, 2));

    Ran ran = radiata("compare", a, b, "--json");

    JsonObject changed = ran.json().getAsJsonArray("changed").get(0).getAsJsonObject();
    assertThat(ran.exit()).isEqualTo(1);
    assertThat(changed.get("max_abs")).hasToString("\"NaN\"");
    assertThat(radiata("compare", a, b, "--atol", "9").exit()).isEqualTo(1);
  }

  @Test
  void namesBothShapes() throws IOException {
    Path a = file("a", tensors().f32("w", shape(2), 1, 2));
    Path b = file("b", tensors().f32("w", shape(2, 1), 1, 2));

    Ran ran = radiata("compare", a, b, "--json");

    JsonObject changed = ran.json().getAsJsonArray("changed").get(0).getAsJsonObject();
    assertThat(changed.getAsJsonObject("a").get("shape")).hasToString("[2]");
    assertThat(changed.getAsJsonObject("b").get("shape")).hasToString("[2,1]");
    assertThat(radiata("compare", a, b).out()).contains("[2] / [2, 1]");
  }

  @Test
  void comparesPackedTypesByTheirBits() throws IOException {
    Path a = file("a", tensors().raw("w", "F4", shape(4), 1, 2));
    Path b = file("b", tensors().raw("w", "F4", shape(4), 1, 3));

    assertThat(radiata("compare", a, a).exit()).isZero();
    assertThat(radiata("compare", a, b).exit()).isEqualTo(1);
  }

  @Test
  void saysTheSameForAnyNumberOfThreads() throws IOException {
    RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
    TensorFileBuilder a = tensors();
    TensorFileBuilder b = tensors();
    for (int i = 0; i < 40; i++) {
      double[] values = random.doubles(700).toArray();
      a.f32("w" + i, shape(700), values);
      values[i] += i % 3;
      b.f64("w" + i, shape(700), values);
    }
    Path left = file("a", a);
    Path right = file("b", b);

    Ran one = radiata("compare", left, right, "--json", "--threads", 1);

    assertThat(radiata("compare", left, right, "--json", "--threads", 7)).isEqualTo(one);
  }

  @Test
  void findsTheLastElementOfATensorLongerThanABlock() throws IOException {
    double[] values = new double[300_001];
    Path a = file("a", tensors().f16("w", shape(300_001), values));
    values[300_000] = 1;
    Path b = file("b", tensors().f16("w", shape(300_001), values));

    JsonObject changed =
        radiata("compare", a, b, "--json").json().getAsJsonArray("changed").get(0).getAsJsonObject();

    assertThat(changed.get("max_abs").getAsDouble()).isEqualTo(1);
  }

  @Test
  void refusesATruncatedFileWithItsName() throws IOException {
    Path whole = file("whole", tensors().f32("w", shape(2), 1, 2));
    Path cut = folder.resolve("cut");
    byte[] bytes = Files.readAllBytes(whole);
    Files.write(cut, java.util.Arrays.copyOf(bytes, bytes.length - 1));

    Ran ran = radiata("compare", whole, cut);

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err()).startsWith("radiata compare: " + cut + ": ").hasLineCount(1);
  }

  @Test
  void refusesANegativeTolerance() {
    assertThat(radiata("compare", "a", "b", "--atol", "-1"))
        .isEqualTo(new Ran(2, "", "radiata compare: --atol: a tolerance cannot be negative\n"));
  }
}
