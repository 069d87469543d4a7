package radiata.train.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.train.config.TextSection;
import radiata.train.config.TextSection.Format;

/// Texts of words that are numbers, each of which is the token of that number.
final class TokenRowsTest {
  private static final long START = 100;
  private static final long END = 101;
  private static final long NO = TokenRow.IGNORED;

  @TempDir Path folder;

  @BeforeEach
  void tokenizer() throws IOException {
    String words =
        IntStream.range(0, 100)
            .mapToObj(i -> "\"%d\": %d".formatted(i, i))
            .collect(Collectors.joining(", "));
    Files.writeString(
        folder.resolve("tokenizer.json"),
        """
        {"version": "1.0", "added_tokens": [],
         "pre_tokenizer": {"type": "WhitespaceSplit"},
         "post_processor": {"type": "TemplateProcessing",
           "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
           "special_tokens": {"<s>": {"id": "<s>", "ids": [100], "tokens": ["<s>"]}}},
         "model": {"type": "WordLevel", "unk_token": "0", "vocab": {%s, "<s>": 100, "</s>": 101}}}
        """
            .formatted(words));
  }

  private record Row(List<Long> ids, List<Long> labels) {}

  private List<Row> read(TextSection section) throws IOException {
    return TokenRows.read(folder, END, section).stream()
        .map(row -> {
          long[] ids = new long[row.length()];
          long[] labels = new long[row.length()];
          row.put(ids, labels, 0);
          return new Row(list(ids), list(labels));
        })
        .toList();
  }

  private static List<Long> list(long... values) {
    return LongStream.of(values).boxed().toList();
  }

  private TextSection file(String text, Format format, int length, boolean packing, boolean prompt)
      throws IOException {
    Path file = folder.resolve("train");
    Files.writeString(file, text);
    return new TextSection(file, format, length, packing, prompt);
  }

  private TextSection pairs(String text, int length) throws IOException {
    return file(text, Format.JSONL, length, false, false);
  }

  private static String pair(String prompt, String completion) {
    return "{\"prompt\": \"%s\", \"completion\": \"%s\"}\n".formatted(prompt, completion);
  }

  @Test
  void onlyTheCompletionAndTheEndCount() throws IOException {
    assertThat(read(pairs(pair("1 2", "3 4"), 16)))
        .containsExactly(new Row(list(START, 1, 2, 3, 4, END), list(NO, NO, NO, 3, 4, END)));
    assertThat(TokenRows.read(folder, END, pairs(pair("1 2", "3 4"), 16)).getFirst().counted())
        .isEqualTo(3);
  }

  @Test
  void thePromptCountsIfItIsToBeTrainedOn() throws IOException {
    assertThat(read(file(pair("1 2", "3 4"), Format.JSONL, 16, false, true)))
        .containsExactly(new Row(list(START, 1, 2, 3, 4, END), list(START, 1, 2, 3, 4, END)));
  }

  /// The start stands once in a row: before the prompt, or before a completion without one.
  @Test
  void aCompletionWithoutAPromptHasTheStart() throws IOException {
    Row row = new Row(list(START, 3, END), list(START, 3, END));
    assertThat(read(pairs(pair("", "3") + "{\"completion\": \"3\"}\n", 16)))
        .containsExactly(row, row);
  }

  @Test
  void theEndClosesEachTextAndCounts() throws IOException {
    String text = pair("1", "2") + pair("3 4 5", "6") + "\n  \n" + pair("", "7 8");
    assertThat(read(pairs(text, 16)))
        .hasSize(3)
        .allSatisfy(row -> {
          assertThat(row.ids()).endsWith(END).containsOnlyOnce(END);
          assertThat(row.labels()).endsWith(END);
        });
    assertThat(read(file(text, Format.JSONL, 64, true, false)))
        .containsExactly(
            new Row(
                list(START, 1, 2, END, START, 3, 4, 5, 6, END, START, 7, 8, END),
                list(NO, NO, 2, END, NO, NO, NO, NO, 6, END, START, 7, 8, END)));
  }

  @Test
  void aSampleThatIsLongerThanARowLosesItsEnd() throws IOException {
    assertThat(read(pairs(pair("1 2", "3 4 5"), 5)))
        .containsExactly(new Row(list(START, 1, 2, 3, 4), list(NO, NO, NO, 3, 4)));
  }

  @Test
  void aSampleWhosePromptFillsTheRowIsLeftOut() throws IOException {
    assertThat(read(pairs(pair("1 2 3 4", "5") + pair("6", "7"), 5)))
        .containsExactly(new Row(list(START, 6, 7, END), list(NO, NO, 7, END)));
    TextSection none = pairs(pair("1 2 3 4", "5"), 5);
    assertThatThrownBy(() -> TokenRows.read(folder, END, none))
        .isInstanceOf(TextException.class)
        .hasMessage("%s has no sample with a completion within max_length = 5 tokens", none.file());
  }

  /// Cut anywhere, a long sample goes on in the next row.
  @Test
  void packedASampleThatIsLongerThanARowGoesOnInTheNext() throws IOException {
    assertThat(read(file(pair("1 2", "3 4 5"), Format.JSONL, 4, true, false)))
        .containsExactly(
            new Row(list(START, 1, 2, 3), list(NO, NO, NO, 3)),
            new Row(list(4, 5, END), list(4, 5, END)));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void packingFillsRowsAndLosesNoToken(long seed) throws IOException {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder();
    List<Long> ids = new ArrayList<>();
    List<Long> masked = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      long[] prompt = random.longs(random.nextInt(6), 0, 100).toArray();
      long[] completion = random.longs(1 + random.nextInt(9), 0, 100).toArray();
      text.append(pair(words(prompt), words(completion)));
      ids.add(START);
      ids.addAll(list(prompt));
      ids.addAll(list(completion));
      ids.add(END);
      // Without a prompt the start is the completion's.
      masked.add(prompt.length == 0 ? START : NO);
      LongStream.of(prompt).forEach(_ -> masked.add(NO));
      masked.addAll(list(completion));
      masked.add(END);
    }
    int length = 2 + random.nextInt(12);

    List<Row> rows = read(file(text.toString(), Format.JSONL, length, true, true));
    assertThat(rows.subList(0, rows.size() - 1))
        .allSatisfy(row -> assertThat(row.ids()).hasSize(length));
    assertThat(rows).allSatisfy(row -> assertThat(row.labels()).isEqualTo(row.ids()));
    // Of a last row of one token nothing would be predicted.
    int used = ids.size() % length == 1 ? ids.size() - 1 : ids.size();
    assertThat(rows.stream().flatMap(row -> row.ids().stream()))
        .containsExactlyElementsOf(ids.subList(0, used));

    // Rows in which no token counts are left out; all others are as they are without the mask.
    List<Row> counted = new ArrayList<>();
    for (int at = 0; at < used; at += length) {
      int to = Math.min(at + length, used);
      Row row = new Row(List.copyOf(ids.subList(at, to)), List.copyOf(masked.subList(at, to)));
      if (row.labels().stream().skip(1).anyMatch(label -> label != NO)) {
        counted.add(row);
      }
    }
    assertThat(read(file(text.toString(), Format.JSONL, length, true, false))).isEqualTo(counted);
  }

  private static String words(long... numbers) {
    return Arrays.stream(numbers).mapToObj(Long::toString).collect(Collectors.joining(" "));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"prompt\": \"1\"}",
        "{\"prompt\": \"1\", \"completion\": null}",
        "{\"prompt\": {}, \"completion\": \"2\"}",
        "{\"prompt\": \"1\", \"completion\": []}",
        "[\"1\", \"2\"]",
        "{\"prompt\": \"1\", \"compl",
        "1 2 3"
      })
  void aWrongLineIsNamedByFileAndNumber(String line) throws IOException {
    // Blank lines are no samples, and are counted all the same.
    TextSection section = pairs(pair("1", "2") + "\n" + line + "\n", 16);
    assertThatThrownBy(() -> TokenRows.read(folder, END, section))
        .isInstanceOf(TextException.class)
        .hasMessage(
            "%s, line 3: expected an object with \"prompt\" and \"completion\", found %s",
            section.file(), line);
  }

  @Test
  void ofALongWrongLineTheMessageHasTheBeginning() throws IOException {
    TextSection section = pairs("x".repeat(1000), 16);
    assertThatThrownBy(() -> TokenRows.read(folder, END, section))
        .hasMessageContaining("line 1")
        .hasMessageEndingWith("found " + "x".repeat(60) + "...");
  }

  @Test
  void plainTextIsCutIntoFullRowsAndAllOfItCounts() throws IOException {
    assertThat(read(file("1 2 3\n4 5 6 7", Format.TEXT, 3, false, false)))
        .containsExactly(
            new Row(list(START, 1, 2), list(START, 1, 2)), new Row(list(3, 4, 5), list(3, 4, 5)));
  }

  @Test
  void aTextShorterThanARowIsOneRow() throws IOException {
    assertThat(read(file("1 2", Format.TEXT, 9, false, false)))
        .containsExactly(new Row(list(START, 1, 2), list(START, 1, 2)));
    TextSection empty = file("", Format.TEXT, 9, false, false);
    assertThatThrownBy(() -> TokenRows.read(folder, END, empty))
        .isInstanceOf(TextException.class)
        .hasMessage("%s has no two tokens to learn from", empty.file());
  }

  @Test
  void aModelWithoutATokenizerIsRefused() throws IOException {
    Files.delete(folder.resolve("tokenizer.json"));
    TextSection section = pairs(pair("1", "2"), 16);
    assertThatThrownBy(() -> TokenRows.read(folder, END, section))
        .isInstanceOf(TextException.class)
        .hasMessageStartingWith(folder + " has no tokenizer.json");
  }

  @ParameterizedTest
  @EnumSource(Format.class)
  void aTextThatIsNotUtf8IsRefusedAtItsByte(Format format) throws IOException {
    TextSection section = file("", format, 16, false, false);
    Files.write(section.file(), new byte[] {'1', ' ', (byte) 0xE4, '2'});
    assertThatThrownBy(() -> TokenRows.read(folder, END, section))
        .isInstanceOf(TextException.class)
        .hasMessage("%s is not UTF-8 at byte 2; save it as UTF-8", section.file());
  }
}
