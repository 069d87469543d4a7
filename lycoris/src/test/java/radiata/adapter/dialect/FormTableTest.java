package radiata.adapter.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import radiata.convention.Algorithm;
import radiata.convention.Magnitude;
import radiata.names.Dialect;
import radiata.names.Family;

/// The table of `docs/conventions.md` says what [Form] says. The interop suite holds the rest: that
/// each of its cells is true.
class FormTableTest {
  private static final Path CONVENTIONS =
      Path.of(System.getProperty("radiata.testdata")).resolveSibling("docs/conventions.md");
  private static final String TITLE = "## What each dialect can hold";

  private static final Map<String, Algorithm> ALGORITHMS =
      Map.ofEntries(
          Map.entry("LoRA", Algorithm.LORA),
          Map.entry("LoHa", Algorithm.LOHA),
          Map.entry("LoKr", Algorithm.LOKR),
          Map.entry("GLoRA", Algorithm.GLORA),
          Map.entry("(IA)³", Algorithm.IA3),
          Map.entry("Full", Algorithm.FULL),
          Map.entry("Norm", Algorithm.NORM),
          Map.entry("Diag-OFT", Algorithm.OFT),
          Map.entry("BOFT", Algorithm.BOFT),
          Map.entry("T-LoRA", Algorithm.TLORA),
          Map.entry("module stored whole", Algorithm.WHOLE));

  private static final Map<String, Predicate<Form>> OTHERS =
      Map.ofEntries(
          Map.entry("Tucker core of LoRA", Form::mid),
          Map.entry("DoRA, input axis", Form::inputAxis),
          Map.entry(
              "DoRA over LoHa or LoKr",
              form -> form.decomposes(Algorithm.LOHA) && form.decomposes(Algorithm.LOKR)),
          Map.entry("sparse remainder", Form::others),
          Map.entry("bias beside LoRA", Form::biases),
          Map.entry("several algorithms", Form::mixesAlgorithms),
          Map.entry("text encoders beside the denoiser", Form::textEncoders));

  @Test
  void everyAlgorithmHasARow() {
    assertThat(ALGORITHMS.values())
        .containsExactlyInAnyOrderElementsOf(EnumSet.allOf(Algorithm.class));
  }

  @Test
  void everyCellIsWhatTheFormSays() throws IOException {
    Map<String, Map<String, String>> rows = rows();
    Map<String, Map<String, String>> said = new LinkedHashMap<>();
    for (String row : rows.keySet()) {
      Map<String, String> cells = new LinkedHashMap<>();
      for (Dialect dialect : Dialect.values()) {
        if (dialect != Dialect.UNKNOWN) {
          cells.put(dialect.id(), cell(row, Form.of(dialect, Family.GENERIC)));
        }
      }
      said.put(row, cells);
    }
    said.forEach((row, cells) -> assertThat(rows.get(row)).as(row).isEqualTo(cells));
    assertThat(rows.keySet()).containsAll(ALGORITHMS.keySet()).containsAll(OTHERS.keySet());
  }

  @Test
  void theFamilyDecidesNothingOfTheTable() {
    for (Family family : Family.values()) {
      for (Dialect dialect : Dialect.values()) {
        if (dialect != Dialect.UNKNOWN) {
          Form form = Form.of(dialect, family);
          Form generic = Form.of(dialect, Family.GENERIC);
          for (Algorithm algorithm : Algorithm.values()) {
            String row = algorithm.id();
            assertThat(form.algorithms().contains(algorithm))
                .as("%s in %s for %s", row, dialect, family)
                .isEqualTo(generic.algorithms().contains(algorithm));
          }
          for (Predicate<Form> other : OTHERS.values()) {
            assertThat(other.test(form)).isEqualTo(other.test(generic));
          }
        }
      }
    }
  }

  private static String cell(String row, Form form) {
    Algorithm algorithm = ALGORITHMS.get(row);
    if (algorithm != null) {
      return form.algorithms().contains(algorithm) ? "yes" : "–";
    }
    Predicate<Form> other = OTHERS.get(row);
    if (other != null) {
      return other.test(form) ? "yes" : "–";
    }
    boolean linear = form.magnitude() == Magnitude.MAGNITUDE;
    return switch (row) {
      case "DoRA, output axis" -> linear ? "linear layers" : "yes";
      case "DoRA on some layers only" -> !form.mixesDora() ? "–" : linear ? "linear layers" : "yes";
      default -> throw new AssertionError("a row that no test knows: " + row);
    };
  }

  /// The cells by row and dialect.
  private static Map<String, Map<String, String>> rows() throws IOException {
    String text = Files.readString(CONVENTIONS);
    String section = text.substring(text.indexOf(TITLE)).split("\n## ", 2)[0];
    List<List<String>> lines = new ArrayList<>();
    section
        .lines()
        .filter(line -> line.startsWith("| "))
        .forEach(line ->
            lines.add(
                Arrays.stream(line.substring(1, line.length() - 1).split("\\|"))
                    .map(cell -> cell.strip().replace("`", ""))
                    .toList()));
    List<String> head = lines.getFirst();
    Map<String, Map<String, String>> rows = new LinkedHashMap<>();
    Set<String> dialects = Set.copyOf(head.subList(1, head.size()));
    assertThat(dialects).hasSize(Dialect.values().length - 1);
    for (List<String> line : lines.subList(1, lines.size())) {
      Map<String, String> cells = new LinkedHashMap<>();
      for (int i = 1; i < line.size(); i++) {
        cells.put(head.get(i), line.get(i));
      }
      rows.put(line.getFirst(), cells);
    }
    return rows;
  }
}
