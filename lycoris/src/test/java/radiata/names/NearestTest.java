package radiata.names;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class NearestTest {
  /// The textbook's table, whole.
  private static int plain(String a, String b) {
    int[][] table = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          table[i][j] = i + j;
        } else {
          int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
          table[i][j] =
              Math.min(
                  table[i - 1][j - 1] + change, Math.min(table[i - 1][j], table[i][j - 1]) + 1);
        }
      }
    }
    return table[a.length()][b.length()];
  }

  private static String random(RandomGenerator random, int longest) {
    int length = random.nextInt(longest + 1);
    return random
        .ints(length, 'a', 'd')
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  @Test
  void theBoundedDistanceIsTheDistanceUpToTheBound() {
    RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
    for (int i = 0; i < 20_000; i++) {
      String a = random(random, 12);
      String b = random(random, 12);
      int limit = random.nextInt(13);
      assertThat(Nearest.distance(a, b, limit))
          .as("%s %s %d", a, b, limit)
          .isEqualTo(Math.min(plain(a, b), limit + 1));
    }
  }

  @Test
  void theNearestAreThoseThatMeasuringAllGives() {
    RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
    for (int i = 0; i < 300; i++) {
      String name = random(random, 15);
      int limit = Math.max(2, name.length() / 4);
      List<String> known =
          IntStream.range(0, 60).mapToObj(k -> random(random, 15)).distinct().toList();
      List<String> expected =
          known.stream()
              .filter(other -> plain(name, other) <= limit)
              .sorted(
                  Comparator.comparingInt((String other) -> plain(name, other))
                      .thenComparing(Comparator.naturalOrder()))
              .limit(4)
              .toList();
      assertThat(Nearest.of(name, known, 4)).isEqualTo(expected);
    }
    assertThat(Nearest.of("abc", List.of("abc"), 0)).isEmpty();
  }

  @Test
  void aThousandStrangeNamesAreComparedWithAllOfSdxlInSeconds() {
    NameTable table = NameTable.of(Family.SDXL);
    List<String> strange =
        IntStream.range(0, 1000)
            .mapToObj(i ->
                i % 2 == 0
                    ? "lora_unet_double_blocks_" + i + "_img_attn_qkv_and_some_more_text_here"
                    : "lora_unet_input_blocks_" + i + "_1_transformer_block_0_attn2_to_q")
            .toList();
    Assertions.assertTimeout(
        Duration.ofMinutes(5), () -> strange.forEach(name -> table.nearest(name, 1)));
  }
}
