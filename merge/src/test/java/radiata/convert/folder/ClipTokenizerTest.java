package radiata.convert.folder;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import radiata.safetensors.OutputPlan.GeneratedFile;

/// The tokenizer that is written has the bytes of the one that was published.
class ClipTokenizerTest {
  private static String sha256(String text) throws NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    return HexFormat.of().formatHex(digest.digest(text.getBytes(UTF_8)));
  }

  private static String text(List<GeneratedFile> files, String name) {
    return files.stream()
        .filter(file -> file.relative().endsWith(name))
        .findFirst()
        .orElseThrow()
        .content();
  }

  /// The sums are those under which huggingface.co stores the files of
  /// openai/clip-vit-large-patch14 (merges.txt, and the vocabulary as compact JSON) and of Stable
  /// Diffusion's tokenizer.
  @Test
  void writesTheFilesThatWerePublished() throws IOException, NoSuchAlgorithmException {
    List<GeneratedFile> files =
        ClipTokenizer.read().files("tokenizer", ClipTokenizer.Pad.END_OF_TEXT);
    assertThat(sha256(text(files, "merges.txt")))
        .isEqualTo("9fd691f7c8039210e0fced15865466c65820d09b63988b0174bfe25de299051a");
    assertThat(sha256(text(files, "vocab.json")))
        .isEqualTo("e089ad92ba36837a0d31433e555c8f45fe601ab5c221d4f607ded32d9f7a4349");
  }

  @Test
  void fillsUpWithTheEndMarkOrWithAnExclamationMark() throws IOException {
    List<GeneratedFile> clip =
        ClipTokenizer.read().files("tokenizer", ClipTokenizer.Pad.END_OF_TEXT);
    List<GeneratedFile> open =
        ClipTokenizer.read().files("tokenizer_2", ClipTokenizer.Pad.EXCLAMATION);
    assertThat(pad(text(clip, "tokenizer_config.json"))).isEqualTo("<|endoftext|>");
    assertThat(pad(text(clip, "special_tokens_map.json"))).isEqualTo("<|endoftext|>");
    assertThat(pad(text(open, "tokenizer_config.json"))).isEqualTo("!");
    assertThat(pad(text(open, "special_tokens_map.json"))).isEqualTo("!");
    assertThat(open).allMatch(file -> file.relative().startsWith("tokenizer_2"));
  }

  private static String pad(String json) {
    return JsonParser.parseString(json).getAsJsonObject().get("pad_token").getAsString();
  }
}
