package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.adapter.dialect.AdapterNames;
import radiata.adapter.dialect.Conversion;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profiles;
import radiata.names.Dialect;
import radiata.parity.Parity;
import radiata.parity.ParityReport;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.Shape;

/// LoRA on the weights of experts, several of which are one tensor (PEFT `target_parameters`).
class ExpertsTest {
  private static final String MODULE = "base_model.model.model.layers.0.mlp.experts";
  private static final String WEIGHT = "model.layers.0.mlp.experts.";

  @TempDir Path folder;
  private final RandomGenerator random = new SplittableRandom(5);
  private Path model = Path.of("");
  private Path adapter = Path.of("");
  private final Values base = new Values();
  private final Values factors = new Values();

  @BeforeEach
  void folders() throws IOException {
    model = Files.createDirectory(folder.resolve("model"));
    adapter = Files.createDirectory(folder.resolve("adapter"));
  }

  private double[] noise(long count, double size) {
    double[] values = new double[(int) count];
    Arrays.setAll(values, i -> (float) (size * random.nextGaussian()));
    return values;
  }

  private double[] parameter(String name, DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    double[] values = noise(shape.elements(), 0.5);
    base.add(WEIGHT + name, dtype, shape, values);
    return values;
  }

  private record Pair(double[] up, double[] down, int experts, int rank, int out, int in) {
    double delta(int expert, int o, int i) {
      double sum = 0;
      for (int r = 0; r < rank; r++) {
        sum += up[(o * rank + r) * experts + expert] * down[(expert * rank + r) * in + i];
      }
      return sum;
    }
  }

  /// The factors of a wrapper.
  private Pair pair(String level, int experts, int rank, int out, int in) {
    Pair pair =
        new Pair(
            noise((long) out * rank * experts, 0.3),
            noise((long) experts * rank * in, 0.3),
            experts,
            rank,
            out,
            in);
    String name = MODULE + level;
    factors.add(name + ".lora_B.weight", DType.F32, Shape.of(out, rank * experts), pair.up());
    factors.add(name + ".lora_A.weight", DType.F32, Shape.of(experts * rank, in), pair.down());
    return pair;
  }

  private void write(int rank, int alpha, String... parameters) throws IOException {
    base.write(model.resolve("model.safetensors"));
    factors.write(adapter.resolve("adapter_model.safetensors"));
    String listed =
        String.join(
            ",", Arrays.stream(parameters).map(name -> "\"experts." + name + "\"").toList());
    Files.writeString(
        adapter.resolve("adapter_config.json"),
        "{\"peft_type\":\"LORA\",\"r\":%d,\"lora_alpha\":%d,\"target_parameters\":[%s]}"
            .formatted(rank, alpha, listed));
  }

  private BakePlan bake(Path from) throws IOException {
    return Bakes.bake(
        from,
        List.of(adapter),
        List.of(1.0),
        Profiles.PEFT,
        Optional.empty(),
        false,
        2,
        folder.resolve("out"));
  }

  private void refused(Path from, String... why) {
    assertThatExceptionOfType(BakeException.class)
        .isThrownBy(() -> bake(from))
        .satisfies(e -> assertThat(e.getMessage()).contains(why));
  }

  private Path file() {
    return model.resolve("model.safetensors");
  }

  /// An expert of 740 x 720 elements is more than a bake takes at a time.
  @ParameterizedTest
  @CsvSource({"F32, false", "F32, true", "BF16, false", "BF16, true"})
  void largeExpertsAreBakedAPartAtATime(DType dtype, boolean turned) throws IOException {
    int out = 740;
    int in = 720;
    double[] before =
        turned
            ? parameter("gate_up_proj", dtype, 2, in, out)
            : parameter("gate_up_proj", dtype, 2, out, in);
    Pair pair = pair("", 2, 2, out, in);
    write(2, 6, "gate_up_proj");
    BakePlan plan = bake(file());
    Step.Change change =
        (Step.Change)
            plan.steps().stream().filter(Step.Change.class::isInstance).findFirst().orElseThrow();
    assertThat(FormulaBake.block(change, Profiles.PEFT)).isLessThan(turned ? in : out);
    assertThat(Memory.cost(change, Profiles.PEFT)).isLessThan(2L * out * in * 8 * 4);
    double[] stored = Values.read(file()).get(WEIGHT + "gate_up_proj");
    double[] got = Values.read(folder.resolve("out")).get(WEIGHT + "gate_up_proj");
    assertThat(got).hasSameSizeAs(before);
    double unit = dtype == DType.F32 ? 0x1p-23 : 0x1p-8;
    for (int at = 0; at < got.length; at += 97) {
      int expert = at / (out * in);
      int rest = at % (out * in);
      int o = turned ? rest % out : rest / in;
      int i = turned ? rest / out : rest % in;
      double wanted = stored[at] + 3 * pair.delta(expert, o, i);
      assertThat(got[at])
          .as("element %d", at)
          .isCloseTo(wanted, within(unit * Math.abs(wanted) + 1e-12));
    }
  }

  @Test
  void theOutermostPairNeedNotBeTheFirstParameter() throws IOException {
    parameter("down_proj", DType.F32, 2, 6, 4);
    parameter("gate_up_proj", DType.F32, 2, 8, 6);
    pair("", 2, 3, 6, 4);
    pair(".base_layer", 2, 3, 8, 6);
    write(3, 3, "gate_up_proj", "down_proj");
    BakePlan plan = bake(file());
    assertThat(plan.changed()).isEqualTo(2);
    assertThat(plan.ledgers().getFirst().applied()).isEqualTo(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt_oss", "qwen3_moe"})
  void theClassOfTheModelTellsTheSideOfSquareWeights(String type) throws IOException {
    double[] before = parameter("gate_up_proj", DType.F32, 2, 5, 5);
    Pair pair = pair("", 2, 1, 5, 5);
    write(1, 1, "gate_up_proj");
    refused(file(), "do not tell the side of the inputs", "config.json");
    Files.writeString(model.resolve("config.json"), "{\"model_type\":\"" + type + "\"}");
    bake(model);
    double[] got =
        Values.read(folder.resolve("out").resolve("model.safetensors"))
            .get(WEIGHT + "gate_up_proj");
    boolean turned = type.equals("gpt_oss");
    for (int at = 0; at < got.length; at++) {
      int row = at / 5 % 5;
      int column = at % 5;
      double delta = turned ? pair.delta(at / 25, column, row) : pair.delta(at / 25, row, column);
      assertThat(got[at]).as("element %d", at).isCloseTo(before[at] + delta, within(1e-6));
    }
  }

  @Test
  void aSquareWeightBesideOneThatIsNotIsReadTheSameWay() throws IOException {
    parameter("down_proj", DType.F32, 2, 6, 6);
    parameter("gate_up_proj", DType.F32, 2, 12, 6);
    pair("", 2, 1, 6, 6);
    pair(".base_layer", 2, 1, 12, 6);
    write(1, 1, "gate_up_proj", "down_proj");
    assertThat(bake(file()).changed()).isEqualTo(2);
  }

  @Test
  void parametersOfOneShapeAreNotGuessed() throws IOException {
    parameter("w1", DType.F32, 2, 8, 6);
    parameter("w3", DType.F32, 2, 8, 6);
    pair("", 2, 1, 8, 6);
    pair(".base_layer", 2, 1, 8, 6);
    write(1, 1, "w1", "w3");
    refused(file(), "w1 [2, 8, 6], w3 [2, 8, 6]", "do not tell which of them each pair is for");
  }

  @Test
  void aPairThatFitsNoParameterIsAMisfitWithTheShapes() throws IOException {
    parameter("gate_up_proj", DType.F32, 2, 8, 6);
    pair("", 2, 1, 8, 7);
    write(1, 1, "gate_up_proj");
    refused(file(), "give [8, 7] for every expert", "gate_up_proj [2, 8, 6]");
  }

  @Test
  void aFileThatLacksAWrapperIsAMisfit() throws IOException {
    parameter("gate_up_proj", DType.F32, 2, 8, 6);
    parameter("down_proj", DType.F32, 2, 6, 4);
    pair("", 2, 1, 6, 4);
    write(1, 1, "gate_up_proj", "down_proj");
    refused(file(), "the file has 1 pairs for " + MODULE + ", and the base 2 of its parameters");
  }

  @Test
  void aBaseWithoutTheParametersHasNoPlaceForThem() throws IOException {
    base.add("model.layers.0.mlp.gate_proj.weight", DType.F32, Shape.of(4, 4), noise(16, 1));
    pair("", 2, 1, 8, 6);
    write(1, 1, "gate_up_proj");
    refused(file(), "1 of 1 modules have no place in the base: " + MODULE);
  }

  @Test
  void otherDialectsDoNotHoldThem() throws IOException {
    parameter("gate_up_proj", DType.F32, 2, 8, 6);
    pair("", 2, 1, 8, 6);
    write(1, 1, "gate_up_proj");
    try (AdapterFile file = AdapterFile.open(adapter, Limits.DEFAULT, null)) {
      assertThat(file.modules().getFirst().wrapped().orElseThrow().candidates())
          .extracting(candidate -> candidate.parameter())
          .containsExactly("gate_up_proj");
      Conversion.Request request = new Conversion.Request(Dialect.KOHYA, null, false);
      assertThatExceptionOfType(AdapterException.class)
          .isThrownBy(() -> Conversion.of(file, AdapterNames.of(file, Dialect.KOHYA), request))
          .withMessageContaining("LoRA on a parameter of its module (target_parameters)");
    }
  }

  @Test
  void aCheckAgainstTheBaseAndParityKnowTheirPlaces() throws IOException {
    parameter("gate_up_proj", DType.F32, 2, 8, 6);
    pair("", 2, 1, 8, 6);
    write(1, 1, "gate_up_proj");
    try (Checkpoint checkpoint = Checkpoint.open(file(), Limits.DEFAULT);
        AdapterFile file = AdapterFile.open(adapter, Limits.DEFAULT, null)) {
      Fit fit = Fit.of(checkpoint, ModelFiles.names(checkpoint), file);
      assertThat(fit.unmatched()).isEmpty();
      assertThat(fit.misfit()).isEmpty();
      ParityReport report = Parity.of(checkpoint, file, 1, false).run(1, bytes -> {});
      assertThat(report.modules())
          .extracting(module -> module.module().name())
          .containsExactly(MODULE + ".gate_up_proj");
    }
    try (Checkpoint checkpoint = Checkpoint.open(file(), Limits.DEFAULT)) {
      factors.numbers().clear();
      factors.specs().clear();
      pair("", 2, 1, 8, 7);
      write(1, 1, "gate_up_proj");
      try (AdapterFile file = AdapterFile.open(adapter, Limits.DEFAULT, null)) {
        assertThat(Fit.of(checkpoint, ModelFiles.names(checkpoint), file).misfit())
            .extracting(Fit.Problem::what)
            .allSatisfy(what -> assertThat(what).contains("for every expert"));
      }
    }
  }
}
