package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.adapter.dialect.AdapterNames;
import radiata.adapter.dialect.AdapterWriter;
import radiata.adapter.dialect.Conversion;
import radiata.adapter.dialect.Scales;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.names.Dialect;
import radiata.parity.Parity;
import radiata.parity.ParityReport;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.Shape;
import radiata.safetensors.provenance.Recipe;

/// Adapters that give their scale in plain, beside alpha.
class ExplicitScaleTest {
  @TempDir Path folder;
  private Path base;

  @BeforeEach
  void base() throws IOException {
    base = folder.resolve("base.safetensors");
    Values values = new Values();
    values.add("layer.one.weight", DType.F32, Shape.of(4, 3), ones(12));
    values.add("layer.two.weight", DType.F32, Shape.of(4, 6), ones(24));
    values.write(base);
  }

  private static double[] ones(int count) {
    double[] ones = new double[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  /// A delta of 3 at scale 1, alpha/rank = 1/3.
  private Path pair(DType dtype, double scale) throws IOException {
    Values values = new Values();
    String name = "diffusion_model.layer.one.";
    values.add(name + "lora_A.weight", DType.F32, Shape.of(3, 3), ones(9));
    values.add(name + "lora_B.weight", DType.F32, Shape.of(4, 3), ones(12));
    values.add("diffusion_model.layer.one.alpha", DType.F32, Shape.SCALAR, 1);
    values.add("diffusion_model.layer.one.scale", dtype, Shape.SCALAR, scale);
    return written(values);
  }

  /// A delta of 1 at scale 1.
  private Path wholeFactors(double scale) throws IOException {
    Values values = new Values();
    values.add("diffusion_model.layer.two.lokr_w1", DType.F32, Shape.of(2, 2), ones(4));
    values.add("diffusion_model.layer.two.lokr_w2", DType.F32, Shape.of(2, 3), ones(6));
    values.add("diffusion_model.layer.two.scale", DType.F32, Shape.SCALAR, scale);
    return written(values);
  }

  private Path written(Values values) throws IOException {
    Path file = folder.resolve("adapter.safetensors");
    values.write(file);
    return file;
  }

  private Path convert(Path from, Dialect to, Optional<DType> dtype) throws IOException {
    Path path = folder.resolve("as-" + to.id());
    try (AdapterFile file = AdapterFile.open(from, Limits.DEFAULT, null)) {
      Conversion.Request request = new Conversion.Request(to, dtype.orElse(null), false);
      new AdapterWriter(
              Conversion.of(file, AdapterNames.of(file, to), request),
              file,
              new Recipe("convert", Map.of()),
              Optional.empty())
          .write(path, Replace.FORCE, bytes -> {});
    }
    return path;
  }

  private BakePlan bake(Path adapter, Profile as) throws IOException {
    Path out = folder.resolve("out.safetensors");
    return Bakes.bake(base, List.of(adapter), List.of(1.0), as, Optional.empty(), false, 1, out);
  }

  private double first(String tensor) throws IOException {
    return Values.read(folder.resolve("out.safetensors")).get(tensor)[0];
  }

  @ParameterizedTest
  @CsvSource({"exact, 7", "a1111, 7", "comfyui, 2", "lycoris, 2", "onetrainer, 2", "plain, 2"})
  void runtimesThatDoNotKnowTheKeyTakeAlphaOverRank(String runtime, double weight)
      throws IOException {
    bake(pair(DType.F32, 2), Profiles.named(runtime).orElseThrow());
    assertThat(first("layer.one.weight")).isEqualTo(weight);
  }

  @Test
  void theKeyThatARuntimeDoesNotReadIsIgnoredWithAWarning() throws IOException {
    Path adapter = pair(DType.F32, 2);
    BakePlan plan = bake(adapter, Profiles.COMFYUI);
    assertThat(plan.ledgers().getFirst().ignored())
        .containsExactly("diffusion_model.layer.one.scale");
    assertThat(plan.ledgers().getFirst().applied()).isEqualTo(3);
    assertThat(plan.warnings()).anyMatch(said -> said.contains("does not read 1 tensors"));
    BakePlan exact = bake(adapter, Profiles.EXACT);
    assertThat(exact.ledgers().getFirst().applied()).isEqualTo(4);
    assertThat(exact.ledgers().getFirst().ignored()).isEmpty();
    assertThat(exact.warnings()).isEmpty();
  }

  @Test
  void wholeFactorsOfLokrAreScaledByIt() throws IOException {
    Path adapter = wholeFactors(3);
    bake(adapter, Profiles.A1111);
    assertThat(first("layer.two.weight")).isEqualTo(4);
    bake(adapter, Profiles.LYCORIS);
    assertThat(first("layer.two.weight")).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({"KOHYA_DIFFUSERS", "LYCORIS", "COMFYUI", "PEFT", "DIFFUSERS"})
  void aConvertedFileBakesTheSameUnderEveryRuntimeThatKnowsAlpha(Dialect to) throws IOException {
    Path converted = convert(pair(DType.F32, 0.1f), to, Optional.empty());
    bake(converted, Profiles.EXACT);
    double exact = first("layer.one.weight");
    assertThat(exact).isEqualTo((float) (1 + 3 * (double) 0.1f));
    bake(converted, Profiles.COMFYUI);
    assertThat(first("layer.one.weight")).isEqualTo(exact);
    try (AdapterFile file = AdapterFile.open(converted, Limits.DEFAULT, null)) {
      AdapterModule module = file.modules().getFirst();
      assertThat(Scales.exact(module.adapter())).hasValue(0.1f);
      assertThat(module.parts()).doesNotContainKey("scale");
    }
  }

  @Test
  void aScaleThatNoAlphaOverTheRankGivesIsRefusedUnlessFloat32IsAskedFor() throws IOException {
    Path adapter = pair(DType.F64, 0.1);
    assertThatThrownBy(() -> convert(adapter, Dialect.LYCORIS, Optional.empty()))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("an alpha over rank 3 would round; --dtype fp32 allows it");
    Path rounded = convert(adapter, Dialect.LYCORIS, Optional.of(DType.F32));
    try (AdapterFile file = AdapterFile.open(rounded, Limits.DEFAULT, null)) {
      double scale = Scales.exact(file.modules().getFirst().adapter()).orElseThrow();
      assertThat(scale).isNotEqualTo(0.1).isCloseTo(0.1, within(1e-15));
    }
  }

  @Test
  void aScaleOfZeroIsNotMadeAnAlphaThatStandsForTheRank() throws IOException {
    Path adapter = pair(DType.F32, 0);
    bake(adapter, Profiles.EXACT);
    assertThat(first("layer.one.weight")).isEqualTo(1);
    assertThatThrownBy(() -> convert(adapter, Dialect.LYCORIS, Optional.empty()))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("an alpha of 0 stands for the rank");
  }

  @Test
  void theScaleOfWholeFactorsGoesIntoOneOfThem() throws IOException {
    bake(convert(wholeFactors(0.5), Dialect.LYCORIS, Optional.empty()), Profiles.COMFYUI);
    assertThat(first("layer.two.weight")).isEqualTo(1.5);
    bake(convert(wholeFactors(3), Dialect.PEFT, Optional.empty()), Profiles.PEFT);
    assertThat(first("layer.two.weight")).isEqualTo(4);
    Path three = wholeFactors(3);
    assertThatThrownBy(() -> convert(three, Dialect.LYCORIS, Optional.empty()))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("does not scale whole factors of LoKr");
  }

  @Test
  void parityNamesTheKeyAsTheCause() throws IOException {
    Path adapter = pair(DType.F32, 2);
    try (Checkpoint model = Checkpoint.open(base, Limits.DEFAULT);
        AdapterFile file = AdapterFile.open(adapter, Limits.DEFAULT, null)) {
      ParityReport report = Parity.of(model, file, 1, false).run(1, bytes -> {});
      assertThat(report.modules().getFirst().departures().get("a1111").because()).isEmpty();
      assertThat(report.modules().getFirst().departures().get("comfyui").because())
          .containsExactly("does not read the explicit scale, and takes alpha/rank");
    }
  }
}
