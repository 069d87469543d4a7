package radiata.train.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ClipTokenizerTest {
  private static final Path SMALL =
      Path.of(System.getProperty("radiata.testdata"), "golden/train/sd1-pipeline");

  @TempDir Path folder;

  /// The numbers are those of transformers' `CLIPTokenizer`.
  @Test
  void thePublishedOneGivesTheNumbersOfTransformers() throws IOException {
    try (ClipTokenizer tokenizer = ClipTokenizer.published()) {
      assertThat(tokenizer.ids("a photo of a Cat, wearing  HATS!!"))
          .containsExactly(49406, 320, 1125, 539, 320, 2368, 267, 3309, 9812, 748, 49407);
      assertThat(tokenizer.ids("")).containsExactly(49406, 49407);
      assertThat(tokenizer.pad(false)).isEqualTo(49407);
      assertThat(tokenizer.pad(true)).isZero();
      long[] longer = tokenizer.chunks("a".repeat(3) + " cat".repeat(80), 150, 49407)[1];
      assertThat(longer).startsWith(49406, 2368).endsWith(49407, 49407);
      long[][] open = tokenizer.chunks("cat ".repeat(80), 150, 0);
      assertThat(open[0]).startsWith(49406, 2368).endsWith(2368, 49407);
      assertThat(open[1]).startsWith(49406, 2368).endsWith(0, 0);
      assertThat(tokenizer.chunks("cat", 150, 0)[1]).startsWith(49406, 49407, 0).endsWith(0, 0);
      assertThat(tokenizer.chunks("cat ".repeat(80), 75, 0)[0]).hasSize(77).endsWith(2368, 49407);
    }
  }

  @Test
  void bothFormsOfAFolderGiveTheSame() throws IOException {
    Files.copy(SMALL.resolve("tokenizer.json.reference"), folder.resolve("tokenizer.json"));
    try (ClipTokenizer old = ClipTokenizer.open(SMALL.resolve("tokenizer"));
        ClipTokenizer whole = ClipTokenizer.open(folder)) {
      for (String text :
          List.of("", "it's 2024 😀 naïve Ünï <|endoftext|> x", "　日本\u0000語\t\n a_b-c")) {
        assertThat(whole.ids(text)).as(text).containsExactly(old.ids(text));
      }
      assertThat(old.pad(true)).isEqualTo(999);
      assertThat(whole.pad(true)).isZero();
    }
  }

  @Test
  void aFolderThatIsNoTokenizerIsRefusedByName() throws IOException {
    assertThatThrownBy(() -> ClipTokenizer.open(folder))
        .isInstanceOf(TextException.class)
        .hasMessageContaining("vocab.json is missing");
    Files.writeString(folder.resolve("vocab.json"), "{\"a\": \"b\"}");
    assertThatThrownBy(() -> ClipTokenizer.open(folder)).hasMessageContaining("has no number");
    Files.writeString(folder.resolve("vocab.json"), "{\"a\": 0}");
    Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n");
    assertThatThrownBy(() -> ClipTokenizer.open(folder)).hasMessageContaining("lacks <|start");
    Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": 1}");
    assertThatThrownBy(() -> ClipTokenizer.open(folder))
        .isInstanceOf(TextException.class)
        .hasMessageContaining("no tokenizer that can be read")
        .hasMessageNotContaining("\n");
  }
}
