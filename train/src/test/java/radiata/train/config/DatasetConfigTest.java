package radiata.train.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.train.data.ImageDataset;
import radiata.train.data.ImageSubset;
import radiata.train.data.Size;

/// Dataset files of sd-scripts.
class DatasetConfigTest {
  private static final String CONFIG =
      """
      model = "model.safetensors"
      dataset_config = "sets/data.toml"
      output_dir = "out"
      flip_aug = true
      caption_extension = ".cap"
      """;

  /// The example of sd-scripts' own documentation, less what is not built.
  private static final String DATA =
      """
      [general]
      shuffle_caption = true
      caption_extension = '.txt'
      keep_tokens = 1

      [[datasets]]
      resolution = 512
      batch_size = 4
      keep_tokens = 2
      enable_bucket = true

        [[datasets.subsets]]
        image_dir = 'hoge'
        class_tokens = 'hoge girl'

        [[datasets.subsets]]
        image_dir = 'fuga'
        class_tokens = 'fuga boy'
        keep_tokens = 3

      [[datasets]]
      resolution = [768, 512]

        [[datasets.subsets]]
        image_dir = 'piyo'
        num_repeats = 5
        flip_aug = false
        caption_extension = 'caption'
      """;

  @TempDir Path folder;

  @BeforeEach
  void folders() throws IOException {
    for (String name : List.of("hoge", "fuga", "piyo")) {
      Files.createDirectories(folder.resolve("sets").resolve(name));
    }
    Files.writeString(folder.resolve("model.safetensors"), "");
  }

  private TrainConfig read(String config, String data) throws IOException {
    Files.writeString(folder.resolve("sets/data.toml"), data);
    return TrainConfig.read(Files.writeString(folder.resolve("train.toml"), config));
  }

  private void refused(String data, String... says) {
    assertThatThrownBy(() -> read(CONFIG, data))
        .isInstanceOfSatisfying(
            ConfigException.class,
            e -> assertThat(e.file()).isEqualTo(folder.resolve("sets/data.toml")))
        .message()
        .doesNotContain("\n")
        .contains(says);
  }

  @Test
  void whatStandsNearerGoesBefore() throws IOException {
    ImageSection images = (ImageSection) read(CONFIG, DATA).data();
    assertThat(images.fromDatasetFile()).isTrue();
    List<ImageDataset> sets = images.datasets();
    assertThat(sets).hasSize(2);
    assertThat(sets.get(0).buckets().resolution()).isEqualTo(new Size(512, 512));
    assertThat(sets.get(0).buckets().enabled()).isTrue();
    assertThat(sets.get(0).batchSize()).isEqualTo(4);
    assertThat(sets.get(1).buckets().resolution()).isEqualTo(new Size(768, 512));
    assertThat(sets.get(1).buckets().enabled()).isFalse();
    assertThat(sets.get(1).batchSize()).isEqualTo(1);
    ImageSubset hoge = sets.get(0).subsets().get(0);
    ImageSubset fuga = sets.get(0).subsets().get(1);
    ImageSubset piyo = sets.get(1).subsets().get(0);
    assertThat(hoge.folder()).isEqualTo(folder.resolve("sets/hoge"));
    assertThat(hoge.classTokens()).isEqualTo("hoge girl");
    assertThat(hoge.captionExtension()).isEqualTo(".txt");
    assertThat(hoge.flip()).isTrue();
    assertThat(List.of(hoge, fuga, piyo).stream().map(each -> each.captions().keepTokens()))
        .containsExactly(2, 3, 1);
    assertThat(List.of(hoge, fuga, piyo)).allMatch(each -> each.captions().shuffle());
    assertThat(piyo.flip()).isFalse();
    assertThat(piyo.repeats()).isEqualTo(5);
    assertThat(piyo.captionExtension()).isEqualTo(".caption");
  }

  @Test
  void theConfigHoldsWhereTheFileSaysNothing() throws IOException {
    String data = "[[datasets]]\n[[datasets.subsets]]\nimage_dir = 'hoge'\n";
    TrainConfig config = read(CONFIG + "resolution = 640\nbatch_size = 3\n", data);
    ImageDataset only = ((ImageSection) config.data()).datasets().getFirst();
    assertThat(only.buckets().resolution()).isEqualTo(new Size(640, 640));
    assertThat(only.batchSize()).isEqualTo(3);
    assertThat(only.subsets().getFirst().captionExtension()).isEqualTo(".cap");
  }

  @Test
  void aWrongKeyIsToldOnEveryLevel() {
    refused(DATA.replace("shuffle_caption", "shufle_caption"), "line 2", "'shuffle_caption'");
    refused(DATA.replace("batch_size", "batchsize"), "line 8", "[[datasets]]", "'batch_size'");
    refused(DATA.replace("num_repeats", "num_repeat"), "line 26", "'num_repeats'");
    refused(DATA + "[datasets.more]\nx = 1\n", "line 29", "'more'");
    refused(DATA.replace("'piyo'", "['piyo', 'hoge']"), "line 25", "not a text");
    refused("[genral]\n" + DATA, "line 1", "'general'");
    refused(DATA.replace("keep_tokens = 3", "resolution = 3"), "line 19", "'resolution'");
    refused(DATA.replace("keep_tokens = 2", "image_dir = 'hoge'"), "line 9", "'image_dir'");
  }

  @Test
  void whatIsNotBuiltIsRefused() {
    refused(DATA.replace("num_repeats = 5", "is_reg = true"), "line 26", "regularisation");
    refused(DATA.replace("num_repeats = 5", "color_aug = true"), "line 26", "colour");
    refused(DATA.replace("num_repeats = 5", "metadata_file = 'x.json'"), "metadata files");
    refused(DATA.replace("batch_size = 4", "validation_split = 0.1"), "validation is not built");
  }

  @Test
  void allMistakesOfTheFileAreToldAtOnce() {
    refused(
        DATA.replace("'hoge'", "'none'")
            .replace("repeats = 5", "repeats = 0")
            .replace("= 512", "= 'x'"),
        "line 7",
        "line 13",
        "line 26");
  }

  @Test
  void aFileWithoutPictures() {
    refused("[general]\nflip_aug = true\n", "no [[datasets]]");
    refused("[[datasets]]\nresolution = 512\n", "line 1", "without [[datasets.subsets]]");
    refused("[[datasets]]\n[[datasets.subsets]]\nimage_dir = 'hoge'\n", "'resolution' is missing");
    refused(DATA.replace("image_dir = 'hoge'", ""), "'image_dir' is missing");
  }

  @Test
  void mistakesOfBothFilesAreTold() {
    assertThatThrownBy(
            () -> read(CONFIG + "seed = 'x'\n", DATA.replace("repeats = 5", "repeats = 0")))
        .isInstanceOfSatisfying(
            ConfigException.class,
            e -> assertThat(e.file()).isEqualTo(folder.resolve("train.toml")))
        .hasMessageContaining("line 6")
        .hasMessageContaining("data.toml: line 26");
  }
}
