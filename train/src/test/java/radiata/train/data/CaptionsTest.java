package radiata.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import radiata.train.data.Captions.Moment;

/// What becomes of a caption, in the order of sd-scripts.
class CaptionsTest {
  private static final Draws DRAWS = new Draws(7);
  private static final CaptionSettings PLAIN = CaptionSettings.DEFAULT;

  private static Captions captions(CaptionSettings settings) {
    return new Captions(settings, DRAWS, 100);
  }

  private static List<String> many(CaptionSettings settings, String caption) {
    Captions captions = captions(settings);
    return IntStream.range(0, 400)
        .mapToObj(item -> captions.at(caption, new Moment(1, 0, item)))
        .toList();
  }

  private static CaptionSettings shuffled(int keep, String keepSeparator, String secondary) {
    return new CaptionSettings(
        true, keep, ",", keepSeparator, secondary, false, "", "", 0, 0, 0, 1, 0);
  }

  private static CaptionSettings dropping(double rate, int every, double tags) {
    return new CaptionSettings(false, 0, ",", "", "", false, "", "", rate, every, tags, 1, 0);
  }

  private static CaptionSettings wild(String prefix, String suffix) {
    return new CaptionSettings(false, 0, ",", "", "", true, prefix, suffix, 0, 0, 0, 1, 0);
  }

  private static CaptionSettings warming(int min, double steps) {
    return new CaptionSettings(false, 1, ",", "", "", false, "", "", 0, 0, 0, min, steps);
  }

  @Test
  void nothingIsDoneByDefault() {
    assertThat(captions(PLAIN).at(" a,b ,c", new Moment(1, 0, 0))).isEqualTo(" a,b ,c");
    assertThat(PLAIN.varies()).isFalse();
  }

  @Test
  void prefixAndSuffixAreJoinedWithASpace() {
    CaptionSettings settings =
        new CaptionSettings(false, 0, ",", "", "", false, "photo of", "at dusk", 0, 0, 0, 1, 0);
    assertThat(captions(settings).at("a cat", new Moment(1, 0, 0)))
        .isEqualTo("photo of a cat at dusk");
  }

  @Test
  void shufflingKeepsTheFirstTags() {
    Set<String> seen = new HashSet<>(many(shuffled(2, "", ""), "a, b ,c,d, e"));
    assertThat(seen).hasSize(6).allMatch(text -> text.startsWith("a, b, "));
    for (String text : seen) {
      assertThat(Arrays.asList(text.split(", ")))
          .containsExactlyInAnyOrder("a", "b", "c", "d", "e");
    }
  }

  @Test
  void theKeepSeparatorMarksBothEnds() {
    Set<String> seen = new HashSet<>(many(shuffled(0, "|||", ""), "a, b ||| c, d, ||| e, f"));
    assertThat(seen).containsExactlyInAnyOrder("a, b, c, d, e, f", "a, b, d, c, e, f");
  }

  @Test
  void theSecondarySeparatorComesLast() {
    Set<String> seen = new HashSet<>(many(shuffled(0, "", ";;"), "red;;round, big"));
    assertThat(seen).containsExactlyInAnyOrder("red,round, big", "big, red,round");
  }

  @Test
  void captionsAreDroppedAtTheirRate() {
    long dropped = many(dropping(0.25, 0, 0), "a cat").stream().filter(String::isEmpty).count();
    assertThat(dropped).isBetween(70L, 130L);
    assertThat(many(dropping(1, 0, 0), "a cat")).containsOnly("");
  }

  @Test
  void captionsAreDroppedInEveryNthEpoch() {
    Captions captions = captions(dropping(0, 3, 0));
    assertThat(
            IntStream.rangeClosed(1, 7)
                .filter(epoch -> captions.at("a", new Moment(epoch, 0, 0)).isEmpty()))
        .containsExactly(3, 6);
  }

  @Test
  void tagsAreDroppedOneByOne() {
    Set<String> seen = new HashSet<>(many(dropping(0, 0, 0.5), "a, b"));
    assertThat(seen).containsExactlyInAnyOrder("", "a", "b", "a, b");
  }

  @Test
  void wildcardsChooseALineAndAWord() {
    Set<String> seen = new HashSet<>(many(wild("", ""), "a {red|blue} {{x}}\nno choice"));
    assertThat(seen).containsExactlyInAnyOrder("a red {x}", "a blue {x}", "no choice");
  }

  @Test
  void tagsComeInOneAfterTheOther() {
    Captions captions = captions(warming(1, 8));
    assertThat(captions.at("k, a, b, c", new Moment(1, 0, 0))).isEqualTo("k, a");
    assertThat(captions.at("k, a, b, c", new Moment(1, 4, 0))).isEqualTo("k, a, b");
    assertThat(captions.at("k, a, b, c", new Moment(1, 8, 0))).isEqualTo("k, a, b, c");
    // Below 1 it is a part of the 100 steps.
    assertThat(captions(warming(1, 0.5)).at("k, a, b, c", new Moment(1, 49, 0)))
        .isEqualTo("k, a, b");
    assertThat(captions(warming(1, 0.5)).at("k, a, b, c", new Moment(1, 50, 0)))
        .isEqualTo("k, a, b, c");
  }

  @Test
  void aFeatureLeavesTheDrawsOfTheOthersAsTheyAre() {
    CaptionSettings both =
        new CaptionSettings(true, 0, ",", "", "", false, "", "", 0.25, 0, 0, 1, 0);
    List<String> shuffled = many(shuffled(0, "", ""), "a,b,c,d");
    List<String> dropped = many(both, "a,b,c,d");
    for (int i = 0; i < shuffled.size(); i++) {
      assertThat(dropped.get(i)).isIn("", shuffled.get(i));
    }
  }
}
