package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.adapter.dialect.AdapterNames;
import radiata.adapter.dialect.AdapterWriter;
import radiata.adapter.dialect.Conversion;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.names.Dialect;
import radiata.parity.Parity;
import radiata.parity.ParityReport;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.Shape;
import radiata.safetensors.Shards;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.provenance.Recipe;

/// Adapters that pad the base's weight with zeros to a larger shape before they change it
/// (`reshape_weight`), those of Black Forest Labs among them.
class PaddedWeightsTest {
  private static final int ROWS = 6;
  private static final int COLUMNS = 4;
  private static final String WEIGHT = "model.diffusion_model.img_in.weight";
  private static final String MODULE = "diffusion_model.img_in";

  @TempDir Path folder;
  private final RandomGenerator random = new SplittableRandom(11);
  private double[] weight = new double[0];

  private double[] noise(int count) {
    double[] values = new double[count];
    Arrays.setAll(values, i -> (float) (0.5 * random.nextGaussian()));
    return values;
  }

  private Path base(DType dtype) throws IOException {
    Values values = new Values();
    weight = noise(ROWS * COLUMNS);
    values.add(WEIGHT, dtype, Shape.of(ROWS, COLUMNS), weight);
    values.add("model.diffusion_model.img_in.bias", dtype, Shape.of(ROWS), noise(ROWS));
    values.add(
        "model.diffusion_model.single_blocks.0.norm.key_norm.scale", dtype, Shape.of(3), 1, 2, 3);
    values.add(
        "model.diffusion_model.single_blocks.0.linear2.weight", dtype, Shape.of(3, 3), noise(9));
    Path file = folder.resolve("base-" + dtype + ".safetensors");
    values.write(file);
    return file;
  }

  private record Pair(int rows, int columns, double[] up, double[] down) {
    double delta(int row, int column) {
      return up[row * 2] * down[column] + up[row * 2 + 1] * down[columns + column];
    }

    void into(Values values, String module) {
      values.add(module + ".lora_B.weight", DType.F32, Shape.of(rows, 2), up);
      values.add(module + ".lora_A.weight", DType.F32, Shape.of(2, columns), down);
    }
  }

  private Pair pair(int rows, int columns) {
    return new Pair(rows, columns, noise(rows * 2), noise(columns * 2));
  }

  private Path written(String name, Values values) throws IOException {
    Path file = folder.resolve(name);
    values.write(file);
    return file;
  }

  /// An adapter that pads.
  private Path growing(Pair pair, double... shape) throws IOException {
    Values values = new Values();
    pair.into(values, MODULE);
    values.add(MODULE + ".reshape_weight", DType.I64, Shape.of(shape.length), shape);
    return written("growing.safetensors", values);
  }

  private BakePlan bake(Path base, Path adapter, Profile as, Optional<DType> dtype)
      throws IOException {
    return Bakes.bake(
        base, List.of(adapter), List.of(1.0), as, dtype, false, 2, folder.resolve("out"));
  }

  private double[] baked() throws IOException {
    return Values.read(folder.resolve("out")).get(WEIGHT);
  }

  private Shape shape(String tensor) throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("out"))) {
      return file.tensor(tensor).orElseThrow().shape();
    }
  }

  private double[] wanted(Pair pair) {
    double[] wanted = new double[pair.rows() * pair.columns()];
    for (int row = 0; row < pair.rows(); row++) {
      for (int column = 0; column < pair.columns(); column++) {
        double old = row < ROWS && column < COLUMNS ? weight[row * COLUMNS + column] : 0;
        wanted[row * pair.columns() + column] = old + pair.delta(row, column);
      }
    }
    return wanted;
  }

  private static void assertNear(double[] got, double[] wanted, double tolerance) {
    assertThat(got).hasSameSizeAs(wanted);
    for (int i = 0; i < got.length; i++) {
      assertThat(got[i])
          .as("element %d", i)
          .isCloseTo(wanted[i], org.assertj.core.data.Offset.offset(tolerance));
    }
  }

  @ParameterizedTest
  @CsvSource({"6, 9", "8, 4", "9, 7", "6, 4"})
  void theWeightIsPaddedWithZerosAndThenChanged(int rows, int columns) throws IOException {
    Pair pair = pair(rows, columns);
    Path adapter = growing(pair, rows, columns);
    Path base = base(DType.F32);
    for (Profile as : List.of(Profiles.EXACT, Profiles.COMFYUI)) {
      BakePlan plan = bake(base, adapter, as, Optional.empty());
      assertNear(baked(), wanted(pair), 1e-6);
      assertThat(shape(WEIGHT)).isEqualTo(Shape.of(rows, columns));
      assertThat(plan.ledgers().getFirst().applied()).isEqualTo(3);
      assertThat(plan.warnings()).isEmpty();
      Baker.verify(plan(base, adapter, as), folder.resolve("out"), 2, bytes -> {});
    }
  }

  private BakePlan plan(Path base, Path adapter, Profile as) throws IOException {
    AdapterFile file = AdapterFile.open(adapter, Limits.DEFAULT, null);
    Checkpoint checkpoint = Checkpoint.open(base, Limits.DEFAULT);
    return Planner.plan(
        checkpoint,
        new BakeRequest(
            List.of(new BakeRequest.Use(file, 1)), as, Optional.empty(), 1, 1, null, false),
        folder.resolve("out"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"F16", "BF16", "F8_E4M3"})
  void halfAndFp8WeightsArePaddedTileByTile(String dtype) throws IOException {
    Pair pair = pair(9, 7);
    Path base = base(DType.valueOf(dtype));
    bake(base, growing(pair, 9, 7), Profiles.EXACT, Optional.empty());
    weight = Values.read(base).get(WEIGHT);
    double[] wanted = wanted(pair);
    double unit = dtype.equals("F16") ? 0x1p-10 : dtype.equals("BF16") ? 0x1p-7 : 0x1p-3;
    double[] got = baked();
    for (int i = 0; i < got.length; i++) {
      double allowed = unit * Math.abs(wanted[i]) + 0x1p-9;
      assertThat(Math.abs(got[i] - wanted[i])).as("element %d", i).isLessThanOrEqualTo(allowed);
    }
  }

  @Test
  void theDirectionsOfAMagnitudeAreThoseOfThePaddedWeight() throws IOException {
    Pair pair = pair(7, 6);
    Values values = new Values();
    pair.into(values, MODULE);
    double[] magnitude = {1, 2, 3, 4, 5, 6, 7};
    values.add(MODULE + ".dora_scale", DType.F32, Shape.of(7, 1), magnitude);
    values.add(MODULE + ".reshape_weight", DType.I64, Shape.of(2), 7, 6);
    bake(base(DType.F32), written("dora", values), Profiles.EXACT, Optional.empty());
    double[] got = baked();
    for (int row = 0; row < 7; row++) {
      double sum = 0;
      for (int column = 0; column < 6; column++) {
        sum += got[row * 6 + column] * got[row * 6 + column];
      }
      assertThat(Math.sqrt(sum))
          .isCloseTo(magnitude[row], org.assertj.core.data.Offset.offset(1e-5));
    }
  }

  @Test
  void aDryRunAndTheHeaderTellTheLargerShape() throws IOException {
    Path base = base(DType.F32);
    Path adapter = growing(pair(6, 9), 6, 9);
    BakePlan plan = plan(base, adapter, Profiles.EXACT);
    bake(base, adapter, Profiles.EXACT, Optional.empty());
    assertThat(plan.outputBytes()).isEqualTo(Files.size(folder.resolve("out")));
    assertThat(plan.steps())
        .filteredOn(Step.Change.class::isInstance)
        .extracting(step -> step.target().shape())
        .containsExactly(Shape.of(6, 9));
  }

  @Test
  void theIndexOfShardsCountsTheLargerTensor() throws IOException {
    Path model = Files.createDirectory(folder.resolve("model"));
    Values one = new Values();
    weight = noise(ROWS * COLUMNS);
    one.add("img_in.weight", DType.F32, Shape.of(ROWS, COLUMNS), weight);
    one.write(model.resolve("model-00001-of-00002.safetensors"));
    Values two = new Values();
    two.add("txt_in.weight", DType.F32, Shape.of(2, 2), noise(4));
    two.write(model.resolve("model-00002-of-00002.safetensors"));
    Files.writeString(
        model.resolve("model.safetensors.index.json"),
        Shards.index(
            Map.of(
                "img_in.weight",
                "model-00001-of-00002.safetensors",
                "txt_in.weight",
                "model-00002-of-00002.safetensors"),
            112));
    Pair pair = pair(6, 9);
    bake(model, growing(pair, 6, 9), Profiles.EXACT, Optional.empty());
    Path out = folder.resolve("out");
    assertThat(Files.readString(out.resolve("model.safetensors.index.json")))
        .contains("\"total_size\": " + (6 * 9 * 4 + 16));
    assertNear(Values.read(out).get("img_in.weight"), wanted(pair), 1e-6);
  }

  @ParameterizedTest
  @CsvSource({"a1111, leaves", "plain, fails", "lycoris, fails", "forge, fails"})
  void runtimesThatDoNotReadItDoAsWithEveryLayerThatDoesNotFit(String runtime, String does)
      throws IOException {
    Path base = base(DType.F32);
    Path adapter = growing(pair(6, 9), 6, 9);
    Profile as = Profiles.named(runtime).orElseThrow();
    if (does.equals("leaves")) {
      BakePlan plan = bake(base, adapter, as, Optional.empty());
      assertThat(plan.ledgers().getFirst().ignored()).hasSize(3);
      assertThat(plan.warnings())
          .containsExactly(
              "a1111 leaves %s as it is: it does not read reshape_weight, and the factors give [6, 9], the weight is [6, 4]"
                  .formatted(WEIGHT));
      assertThat(shape(WEIGHT)).isEqualTo(Shape.of(6, 4));
    } else {
      assertThatExceptionOfType(BakeException.class)
          .isThrownBy(() -> bake(base, adapter, as, Optional.empty()))
          .withMessageContaining(
              "%s fails on this file: it does not read reshape_weight".formatted(runtime));
    }
  }

  @Test
  void aRuntimeThatDoesNotReadItComputesWhereNothingGrows() throws IOException {
    Pair pair = pair(6, 4);
    BakePlan plan = bake(base(DType.F32), growing(pair, 6, 4), Profiles.LYCORIS, Optional.empty());
    assertNear(baked(), wanted(pair), 1e-6);
    assertThat(plan.ledgers().getFirst().ignored()).containsExactly(MODULE + ".reshape_weight");
  }

  private void refused(Path adapter, String why) throws IOException {
    Path base = base(DType.F32);
    assertThatExceptionOfType(BakeException.class)
        .isThrownBy(() -> bake(base, adapter, Profiles.EXACT, Optional.empty()))
        .withMessageContaining(why);
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void aShapeThatTheWeightCannotGrowToIsAMisfitWithBothShapes() throws IOException {
    refused(
        growing(pair(6, 3), 6, 3),
        "its reshape_weight says [6, 3], and %s is [6, 4]: a weight is padded in its own dimensions"
            .formatted(WEIGHT));
    refused(growing(pair(6, 9), 6, 9, 1), "its reshape_weight says [6, 9, 1], and");
    refused(growing(pair(6, 9), 6, 8), "reshape_weight says [6, 8], and the factors give [6, 9]");
    refused(growing(pair(6, 9), 6, -9), "says -9 for dimension 1, which no weight has");
    refused(growing(pair(6, 9), 6), "reshape_weight says [6], and the factors give [6, 9]");
    Values half = new Values();
    pair(6, 9).into(half, MODULE);
    half.add(MODULE + ".reshape_weight", DType.F32, Shape.of(2), 6, 9);
    refused(written("half", half), "is F32 [2], a shape of at most 8 whole numbers was expected");
  }

  @Test
  void oneWeightIsNotChangedInTwoShapesAtOnce() throws IOException {
    Values plain = new Values();
    pair(6, 4).into(plain, MODULE);
    Path first = written("plain", plain);
    Path second = growing(pair(6, 9), 6, 9);
    Path base = base(DType.F32);
    for (List<Path> order : List.of(List.of(first, second), List.of(second, first))) {
      assertThatExceptionOfType(BakeException.class)
          .isThrownBy(() ->
              Bakes.bake(
                  base,
                  order,
                  List.of(1.0, 1.0),
                  Profiles.EXACT,
                  Optional.empty(),
                  false,
                  1,
                  folder.resolve("out")))
          .withMessageContaining("bake one, and the other into its output");
    }
  }

  @Test
  void twoAdaptersThatGrowAWeightAlikeAreAdded() throws IOException {
    Pair pair = pair(6, 9);
    Path adapter = growing(pair, 6, 9);
    Bakes.bake(
        base(DType.F32),
        List.of(adapter, adapter),
        List.of(0.75, 0.25),
        Profiles.EXACT,
        Optional.empty(),
        false,
        1,
        folder.resolve("out"));
    assertNear(baked(), wanted(pair), 1e-6);
  }

  /// As `flux1-canny-dev-lora.safetensors` names them.
  private Path control(Pair pair) throws IOException {
    Values values = new Values();
    pair.into(values, "img_in");
    values.add("img_in.lora_B.bias", DType.F32, Shape.of(ROWS), 1, 1, 1, 1, 1, 1);
    pair(3, 3).into(values, "single_blocks.0.linear2");
    values.add("single_blocks.0.norm.key_norm.scale", DType.F32, Shape.of(3), 7, 8, 9);
    return written("control.safetensors", values);
  }

  @Test
  void aControlAdapterOfBlackForestLabsGrowsTheFirstLayerAndReplacesNorms() throws IOException {
    Pair pair = pair(6, 9);
    Path base = base(DType.F32);
    Path control = control(pair);
    for (Profile as : List.of(Profiles.EXACT, Profiles.COMFYUI)) {
      bake(base, control, as, Optional.empty());
      Map<String, double[]> got = Values.read(folder.resolve("out"));
      Map<String, double[]> before = Values.read(base);
      assertNear(got.get(WEIGHT), wanted(pair), 1e-6);
      assertThat(got.get("model.diffusion_model.single_blocks.0.norm.key_norm.scale"))
          .containsExactly(7, 8, 9);
      String bias = "model.diffusion_model.img_in.bias";
      double[] moved = before.get(bias).clone();
      Arrays.setAll(moved, i -> moved[i] + 1);
      assertNear(got.get(bias), moved, 1e-6);
    }
  }

  @Test
  void theOutputOfAControlAdapterIsAModelLikeAnother() throws IOException {
    Path base = base(DType.F32);
    bake(base, control(pair(6, 9)), Profiles.EXACT, Optional.empty());
    Path grown = folder.resolve("grown.safetensors");
    Files.move(folder.resolve("out"), grown);
    weight = Values.read(grown).get(WEIGHT);
    Values plain = new Values();
    Pair pair = pair(6, 9);
    pair.into(plain, MODULE);
    bake(grown, written("plain", plain), Profiles.COMFYUI, Optional.empty());
    double[] wanted = weight.clone();
    Arrays.setAll(wanted, i -> wanted[i] + pair.delta(i / 9, i % 9));
    assertNear(baked(), wanted, 1e-6);
  }

  @Test
  void comfyUisOwnSpellingOfTheSameIsReadAlike() throws IOException {
    Values values = new Values();
    Pair pair = pair(6, 9);
    pair.into(values, MODULE);
    values.add(MODULE + ".reshape_weight", DType.I64, Shape.of(2), 6, 9);
    values.add(MODULE + ".diff_b", DType.F32, Shape.of(ROWS), 1, 1, 1, 1, 1, 1);
    values.add(
        "diffusion_model.single_blocks.0.norm.key_norm.set_weight",
        DType.F32,
        Shape.of(3),
        7,
        8,
        9);
    bake(base(DType.F32), written("spelled", values), Profiles.COMFYUI, Optional.empty());
    assertNear(baked(), wanted(pair), 1e-6);
    assertThat(
            Values.read(folder.resolve("out"))
                .get("model.diffusion_model.single_blocks.0.norm.key_norm.scale"))
        .containsExactly(7, 8, 9);
  }

  private Path convert(Path from, Dialect to, boolean drop) throws IOException {
    Path path = folder.resolve("as-" + to.id());
    try (AdapterFile file = AdapterFile.open(from, Limits.DEFAULT, null)) {
      Conversion.Request request = new Conversion.Request(to, null, drop);
      new AdapterWriter(
              Conversion.of(file, AdapterNames.of(file, to), request),
              file,
              new Recipe("convert", Map.of()),
              Optional.empty())
          .write(path, Replace.FORCE, bytes -> {});
    }
    return path;
  }

  @ParameterizedTest
  @ValueSource(strings = {"KOHYA", "COMFYUI"})
  void aConvertedFileSaysTheShapeInATensor(Dialect to) throws IOException {
    Pair pair = pair(6, 9);
    Path converted = convert(control(pair), to, true);
    try (SafetensorsFile file = SafetensorsFile.open(converted)) {
      TensorInfo shape =
          file.tensors().stream()
              .filter(t -> t.name().endsWith(".reshape_weight"))
              .findFirst()
              .orElseThrow();
      byte[] bytes = new byte[16];
      file.read(shape, 0, MemorySegment.ofArray(bytes));
      assertThat(bytes[0]).isEqualTo((byte) 6);
      assertThat(bytes[8]).isEqualTo((byte) 9);
    }
    bake(base(DType.F32), converted, Profiles.EXACT, Optional.empty());
    assertNear(baked(), wanted(pair), 1e-6);
  }

  @Test
  void dialectsThatCannotSayTheShapeRefuseIt() throws IOException {
    Path adapter = growing(pair(6, 9), 6, 9);
    for (Dialect to : List.of(Dialect.DIFFUSERS, Dialect.PEFT, Dialect.AITOOLKIT)) {
      assertThatExceptionOfType(AdapterException.class)
          .isThrownBy(() -> convert(adapter, to, false))
          .withMessageContaining("cannot hold reshape_weight");
    }
  }

  @Test
  void parityTellsWhoLeavesTheLayerAndWhoFails() throws IOException {
    Path adapter = growing(pair(6, 9), 6, 9);
    try (Checkpoint model = Checkpoint.open(base(DType.F32), Limits.DEFAULT);
        AdapterFile file = AdapterFile.open(adapter, Limits.DEFAULT, null)) {
      ParityReport report = Parity.of(model, file, 1, false).run(1, bytes -> {});
      var departures = report.modules().getFirst().departures();
      assertThat(departures.get("comfyui").because()).isEmpty();
      assertThat(departures.get("a1111").because().getFirst())
          .contains("leaves it as it is: it does not read reshape_weight");
      assertThat(report.runtimes())
          .filteredOn(runtime -> runtime.refused().isPresent())
          .extracting(runtime -> runtime.profile().id())
          .contains("lycoris", "forge", "plain");
    }
  }
}
