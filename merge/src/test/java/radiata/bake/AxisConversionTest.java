package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import radiata.adapter.dialect.AdapterWriter;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.convention.DoraAxis;
import radiata.convention.Profiles;
import radiata.extract.AxisConversion;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.provenance.Recipe;

/// DoRA of one axis fitted to DoRA of the other, on the goldens' bases.
class AxisConversionTest {
  private static final Path GOLDEN =
      Path.of(System.getProperty("radiata.testdata"), "golden", "bake");

  @TempDir Path folder;

  private AxisConversion convert(Path golden, DoraAxis to, int rank, Path output)
      throws IOException {
    try (Checkpoint base = Checkpoint.open(golden.resolve("base.safetensors"), Limits.DEFAULT);
        AdapterFile file =
            AdapterFile.open(golden.resolve("adapter.safetensors"), Limits.DEFAULT, null)) {
      AxisConversion made =
          AxisConversion.of(
              base,
              file,
              to,
              rank == 0 ? OptionalInt.empty() : OptionalInt.of(rank),
              2,
              bytes -> {});
      new AdapterWriter(made.adapter(), file, new Recipe("convert", Map.of()), Optional.empty())
          .write(output, Replace.REFUSE, bytes -> {});
      return made;
    }
  }

  private Path bake(Path golden, Path adapter, String name) throws IOException {
    Path output = folder.resolve(name);
    Bakes.bake(
        golden.resolve("base.safetensors"),
        List.of(adapter),
        List.of(1.0),
        Profiles.EXACT,
        Optional.empty(),
        false,
        1,
        output);
    return output;
  }

  @ParameterizedTest
  @CsvSource({
    "dora-locon-in, OUTPUT",
    "dora-locon-out, INPUT",
    "dora-loha-in, OUTPUT",
    "dora-lokr-out, INPUT"
  })
  void atFullRankTheOtherAxisGivesTheSameWeights(String name, DoraAxis to) throws IOException {
    Path golden = GOLDEN.resolve(name);
    Path there = folder.resolve("there.safetensors");
    AxisConversion made = convert(golden, to, 1 << 20, there);
    assertThat(made.residuals()).isNotEmpty().allMatch(each -> each.distance() < 1e-5);
    try (AdapterFile file = AdapterFile.open(there, Limits.DEFAULT, null)) {
      assertThat(file.modules()).allMatch(module -> module.axis().equals(Optional.of(to)));
    }
    Path want = bake(golden, golden.resolve("adapter.safetensors"), "want.safetensors");
    Path got = bake(golden, there, "got.safetensors");
    Map<String, double[]> a = Values.read(want);
    Map<String, double[]> b = Values.read(got);
    a.forEach((tensor, x) -> {
      double[] y = b.get(tensor);
      for (int i = 0; i < x.length; i++) {
        assertThat(Math.abs(x[i] - y[i])).isLessThan(1e-4 * Math.max(1, Math.abs(x[i])));
      }
    });
  }

  @Test
  void moreRankComesNearerAndAResidualIsTheDistanceOfTheBakedWeights() throws IOException {
    Path golden = GOLDEN.resolve("dora-locon-in");
    Map<String, String> weights = new HashMap<>();
    JsonParser.parseString(Files.readString(golden.resolve("case.json")))
        .getAsJsonObject()
        .getAsJsonArray("layers")
        .forEach(layer ->
            weights.put(
                layer.getAsJsonObject().get("adapter").getAsString(),
                layer.getAsJsonObject().get("weight").getAsString()));
    Map<String, double[]> base = Values.read(golden.resolve("base.safetensors"));
    Map<String, double[]> want =
        Values.read(bake(golden, golden.resolve("adapter.safetensors"), "want.safetensors"));
    double last = Double.MAX_VALUE;
    for (int rank : new int[] {1, 3, 6}) {
      Path there = folder.resolve("rank" + rank + ".safetensors");
      AxisConversion made = convert(golden, DoraAxis.OUTPUT, rank, there);
      Map<String, double[]> got = Values.read(bake(golden, there, "got" + rank + ".safetensors"));
      double sum = 0;
      for (AxisConversion.Residual residual : made.residuals()) {
        String weight = weights.get(residual.module());
        double gap = distance(got.get(weight), want.get(weight));
        double change = distance(base.get(weight), want.get(weight));
        assertThat(residual.distance()).isCloseTo(gap / change, within(1e-5));
        sum += residual.distance();
      }
      assertThat(sum).isLessThan(last);
      last = sum;
    }
  }

  private static double distance(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(sum);
  }

  @Test
  void aFileOfThatAxisAndADialectWithoutIt() {
    Path out = folder.resolve("none.safetensors");
    assertThatThrownBy(() -> convert(GOLDEN.resolve("dora-locon-in"), DoraAxis.INPUT, 4, out))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("nothing is to be done");
    assertThatThrownBy(() -> convert(GOLDEN.resolve("peft-llama-dora"), DoraAxis.INPUT, 4, out))
        .isInstanceOf(AdapterException.class)
        .hasMessageContaining("per output alone");
    assertThat(out).doesNotExist();
  }
}
