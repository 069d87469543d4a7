package radiata.bake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
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
  void moreRankComesNearerAndTheResidualIsTheDistanceOfTheBakes() throws IOException {
    Path golden = GOLDEN.resolve("dora-locon-in");
    double last = Double.MAX_VALUE;
    for (int rank : new int[] {1, 3, 6}) {
      AxisConversion made =
          convert(golden, DoraAxis.OUTPUT, rank, folder.resolve("rank" + rank + ".safetensors"));
      double sum = made.residuals().stream().mapToDouble(AxisConversion.Residual::distance).sum();
      assertThat(sum).isLessThan(last);
      last = sum;
    }
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
