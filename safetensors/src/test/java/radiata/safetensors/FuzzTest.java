package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.safetensors.BrokenFile.entry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Damaged files end in an exception of the declared kind or in tensors that keep every rule.
class FuzzTest {
  private static final List<String> PIECES =
      List.of(
          "{",
          "}",
          "[",
          "]",
          "\"",
          ",",
          ":",
          "\\u0061",
          "null",
          "-1",
          "18446744073709551615",
          "__metadata__",
          "dtype",
          "\"F4\"",
          "0,0",
          " ",
          "\0",
          "1e9",
          "\\ud800");

  @TempDir Path folder;

  @Test
  void refusesEveryTruncation() throws IOException {
    byte[] whole = sample();
    for (int length = 0; length < whole.length; length++) {
      assertThat(opens(Arrays.copyOf(whole, length))).as("%d bytes", length).isFalse();
    }
    assertThat(opens(whole)).isTrue();
  }

  @Test
  void survivesFlippedBytes() throws IOException {
    Random random = new Random(1);
    int opened = 0;
    for (int i = 0; i < 1500; i++) {
      byte[] damaged = sample();
      for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
        damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
      }
      opened += opens(damaged) ? 1 : 0;
    }
    assertThat(opened).isBetween(1, 1499);
  }

  @Test
  void survivesForeignPiecesInTheHeader() throws IOException {
    Random random = new Random(2);
    for (int i = 0; i < 1500; i++) {
      StringBuilder header = new StringBuilder(header());
      for (int edits = random.nextInt(1, 4); edits > 0; edits--) {
        int at = random.nextInt(header.length());
        int until = Math.min(header.length(), at + random.nextInt(4));
        header.replace(at, until, PIECES.get(random.nextInt(PIECES.size())));
      }
      opens(BrokenFile.header(header.toString()).zeros(11).bytes());
    }
  }

  private boolean opens(byte[] bytes) throws IOException {
    Path path = folder.resolve("fuzz");
    Files.deleteIfExists(path);
    Files.write(path, bytes);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      long at = 0;
      for (TensorInfo tensor : file.tensors()) {
        assertThat(tensor.begin()).isEqualTo(at);
        assertThat(tensor.bytes() * 8).isEqualTo(tensor.shape().elements() * tensor.dtype().bits());
        at = tensor.end();
      }
      assertThat(file.dataStart() + at).isEqualTo(bytes.length);
      return true;
    } catch (SafetensorsException e) {
      assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
      return false;
    }
  }

  private static byte[] sample() {
    return BrokenFile.header(header()).zeros(11).bytes();
  }

  private static String header() {
    return "{\"__metadata__\":{\"format\":\"pt\",\"\u00e4\":\"\\n\"},"
        + String.join(
            ",",
            entry("z", "I64", "[0,2]", 0, 0),
            entry("s", "F32", "[]", 0, 4),
            entry("b", "F16", "[2]", 4, 8),
            entry("a", "U8", "[3]", 8, 11))
        + "}";
  }
}
