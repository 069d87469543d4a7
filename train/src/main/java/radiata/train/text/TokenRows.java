package radiata.train.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import radiata.train.config.TextSection;

/// Turns texts into rows of tokens.
///
/// Plain text is one stream, cut into rows of the full length. Of a file of prompts and completions
/// each pair is a row, closed by the model's end token; packed, they follow each other and the
/// stream is cut (tokens then see the samples before them).
public final class TokenRows {
  private static final Pattern PIECES = Pattern.compile("(.*[^a-zA-Z])?tok(enizer)?[0-9]*\\.bin");

  private final HuggingFaceTokenizer tokenizer;
  private final long end;
  private final TextSection text;

  /// @param end the token that closes a text
  private TokenRows(HuggingFaceTokenizer tokenizer, long end, TextSection text) {
    this.tokenizer = tokenizer;
    this.end = end;
    this.text = text;
  }

  /// The rows of a file.
  ///
  /// @param model the folder with `tokenizer.json`
  /// @param end the token that closes a text
  /// @throws TextException if there is no tokenizer, or the file is not what its format says, or
  ///   too short for one row
  public static List<TokenRow> read(Path model, long end, TextSection text) throws IOException {
    try (HuggingFaceTokenizer tokenizer = tokenizer(model)) {
      TokenRows rows = new TokenRows(tokenizer, end, text);
      return switch (text.format()) {
        case TEXT -> rows.plain();
        case JSONL -> rows.pairs();
      };
    }
  }

  private static HuggingFaceTokenizer tokenizer(Path model) throws IOException {
    Map<String, String> options =
        Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false");
    Path file = model.resolve("tokenizer.json");
    if (Files.isRegularFile(file)) {
      return HuggingFaceTokenizer.newInstance(file, options);
    }
    List<Path> pieces;
    try (Stream<Path> files = Files.list(model)) {
      pieces =
          files.filter(each -> PIECES.matcher(each.getFileName().toString()).matches()).toList();
    }
    if (pieces.size() != 1) {
      throw new TextException(
          "%s has no tokenizer.json (and no tokenizer of llama2.c, tok*.bin), which is needed to train on text"
              .formatted(model));
    }
    String json = PieceTokenizer.json(pieces.getFirst());
    return HuggingFaceTokenizer.newInstance(
        new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), options);
  }

  private String content() throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(text.file()));
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw new TextException(
          "%s is not UTF-8 at byte %d; save it as UTF-8".formatted(text.file(), bytes.position()));
    }
  }

  private List<TokenRow> plain() throws IOException {
    long[] ids = tokenizer.encode(content(), true, false).getIds();
    List<TokenRow> rows = new ArrayList<>();
    int length = text.maxLength();
    for (int at = 0; at + 1 < ids.length; at += length) {
      long[] row = Arrays.copyOfRange(ids, at, Math.min(at + length, ids.length));
      if (row.length == length || rows.isEmpty()) {
        rows.add(new TokenRow(row, row));
      }
    }
    if (rows.isEmpty()) {
      throw new TextException("%s has no two tokens to learn from".formatted(text.file()));
    }
    return rows;
  }

  private List<TokenRow> pairs() throws IOException {
    List<TokenRow> rows = new ArrayList<>();
    int number = 0;
    for (String line : content().lines().toList()) {
      number++;
      if (!line.isBlank()) {
        rows.add(pair(line, number));
      }
    }
    List<TokenRow> shaped = text.packing() ? packed(rows) : rows;
    List<TokenRow> useful = shaped.stream().filter(row -> row.counted() > 0).toList();
    if (useful.isEmpty()) {
      throw new TextException(
          "%s has no sample with a completion within max_length = %d tokens"
              .formatted(text.file(), text.maxLength()));
    }
    return useful;
  }

  private TokenRow pair(String line, int number) {
    String prompt;
    String completion;
    try {
      JsonObject object = JsonParser.parseString(line).getAsJsonObject();
      prompt = object.has("prompt") ? object.get("prompt").getAsString() : "";
      completion = object.get("completion").getAsString();
    } catch (JsonParseException
        | IllegalStateException
        | UnsupportedOperationException
        | NullPointerException e) {
      throw new TextException(
          "%s, line %d: expected an object with \"prompt\" and \"completion\", found %s"
              .formatted(
                  text.file(), number, line.length() > 60 ? line.substring(0, 60) + "..." : line));
    }
    long[] first = tokenizer.encode(prompt, true, false).getIds();
    long[] second = tokenizer.encode(completion, prompt.isEmpty(), false).getIds();
    long[] head = prompt.isEmpty() ? new long[0] : first;
    int length = head.length + second.length + 1;
    long[] ids = Arrays.copyOf(head, length);
    System.arraycopy(second, 0, ids, head.length, second.length);
    ids[length - 1] = end;
    long[] labels = ids.clone();
    if (!text.trainOnPrompt()) {
      Arrays.fill(labels, 0, head.length, TokenRow.IGNORED);
    }
    int most = text.packing() ? length : Math.min(length, text.maxLength());
    return new TokenRow(Arrays.copyOf(ids, most), Arrays.copyOf(labels, most));
  }

  private List<TokenRow> packed(List<TokenRow> rows) {
    int all = rows.stream().mapToInt(TokenRow::length).sum();
    long[] ids = new long[all];
    long[] labels = new long[all];
    int at = 0;
    for (TokenRow row : rows) {
      row.put(ids, labels, at);
      at += row.length();
    }
    List<TokenRow> cut = new ArrayList<>();
    for (int from = 0; from + 1 < all; from += text.maxLength()) {
      int to = Math.min(from + text.maxLength(), all);
      cut.add(
          new TokenRow(Arrays.copyOfRange(ids, from, to), Arrays.copyOfRange(labels, from, to)));
    }
    return cut;
  }
}
