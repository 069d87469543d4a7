package radiata.train.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.toml.TomlEntry;

/// `docs/reference/training.md` names every key and short name, and the defaults that are taken.
class TrainingReferenceTest {
  private static final Path PAGE =
      Path.of(System.getProperty("radiata.testdata")).resolveSibling("docs/reference/training.md");
  private static final Pattern ROW =
      Pattern.compile("\\| `(\\w+)`(?: \\(`(\\w+)`\\))? \\| [^|]+ \\| (?:`([^`]+)`)?[^|]*\\|.*");
  private static final String IMAGES =
      """
      pretrained_model_name_or_path = "model.safetensors"
      image_dir = "pictures"
      resolution = 512
      output_dir = "out"
      """;
  private static final String TEXT =
      """
      pretrained_model_name_or_path = "model.safetensors"
      train_file = "data.jsonl"
      output_dir = "out"
      """;

  /// What some keys are only allowed with, or only show with.
  private static final Map<String, String> BESIDE =
      Map.of(
          "factor", "algorithm = \"lokr\"\n",
          "decompose_both", "algorithm = \"lokr\"\n",
          "norm_gradient", "dora = \"output\"\n",
          "wd_on_output", "dora_wd = true\n",
          "lr_scheduler_num_cycles", "lr_scheduler = \"cosine_with_restarts\"\n",
          "lr_scheduler_power", "lr_scheduler = \"polynomial\"\n");

  @TempDir Path folder;

  private record Row(String key, String shortName, String value) {}

  @BeforeEach
  void aModelAndData() throws IOException {
    Files.writeString(folder.resolve("model.safetensors"), "");
    Files.writeString(folder.resolve("data.jsonl"), "");
    Files.createDirectories(folder.resolve("pictures"));
  }

  private static Map<String, Row> rows() throws IOException {
    Map<String, Row> rows = new LinkedHashMap<>();
    for (String line : Files.readAllLines(PAGE)) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        String name = row.group(1);
        assertThat(rows.put(name, new Row(name, row.group(2), row.group(3)))).as(name).isNull();
      }
    }
    return rows;
  }

  @Test
  void everyKeyIsOnThePageAndNoOther() throws IOException {
    Set<String> known = new TreeSet<>();
    for (String config : List.of(IMAGES, TEXT)) {
      Path file = Files.writeString(folder.resolve("train.toml"), config);
      List<String> mistakes = new ArrayList<>();
      Keys keys = Keys.flat(TomlEntry.read(file, "a config"), mistakes);
      new ConfigReader(keys, mistakes).config(file);
      assertThat(mistakes).isEmpty();
      known.addAll(keys.asked());
    }
    known.removeAll(Unbuilt.WITHOUT_MEANING);
    known.removeIf(key -> Unbuilt.why(key).isPresent());

    assertThat(new TreeSet<>(rows().keySet())).isEqualTo(known);
  }

  @Test
  void everyShortNameIsOnThePage() throws IOException {
    Map<String, Row> rows = rows();
    Set<String> named = new TreeSet<>();
    for (Row row : rows.values()) {
      if (row.shortName() != null) {
        assertThat(Spellings.of(row.shortName())).isEqualTo(row.key());
        named.add(row.shortName());
      }
    }
    assertThat(named).containsExactlyInAnyOrderElementsOf(Spellings.shortFor(rows.keySet()));
  }

  @Test
  void everyDefaultOnThePageIsTheOneThatIsTaken() throws IOException {
    int held = 0;
    for (Row row : rows().values()) {
      if (row.value() != null) {
        boolean text =
            Set.of("format", "max_length", "packing", "train_on_prompt").contains(row.key());
        String samples = row.key().startsWith("sample_") ? "sample_prompts = [\"a cat\"]\n" : "";
        String beside = BESIDE.getOrDefault(row.key(), "") + samples;
        String config = (text ? TEXT : IMAGES) + beside;
        assertThat(read(config + row.key() + " = " + row.value()))
            .as(row.key())
            .isEqualTo(read(config));
        held++;
      }
    }
    assertThat(held).isGreaterThan(70);
  }

  private TrainConfig read(String text) throws IOException {
    return TrainConfig.read(Files.writeString(folder.resolve("train.toml"), text));
  }
}
