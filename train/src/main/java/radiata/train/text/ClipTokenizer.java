package radiata.train.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import radiata.names.clip.ClipVocabulary;

/// The tokenizer of CLIP: of a model's folder, or the one that was published.
public final class ClipTokenizer implements Closeable {
  /// What fills up a text for OpenCLIP's encoders: `!`.
  public static final int EXCLAMATION = 0;

  private static final long LONGEST = 25_000_000;

  private final HuggingFaceTokenizer tokenizer;
  private final long start;
  private final long end;
  private final OptionalInt pad;

  private ClipTokenizer(HuggingFaceTokenizer tokenizer, String where, @Nullable String pad) {
    this.tokenizer = tokenizer;
    long[] marks = tokenizer.encode("").getIds();
    if (marks.length != 2) {
      tokenizer.close();
      throw new TextException(
          where + " is no tokenizer of CLIP: an empty text is not a start and an end");
    }
    this.start = marks[0];
    this.end = marks[1];
    this.pad = pad == null ? OptionalInt.empty() : OptionalInt.of(padding(pad));
  }

  private int padding(String token) {
    if (token.equals(ClipVocabulary.END)) {
      return Math.toIntExact(end);
    }
    long[] ids = tokenizer.encode(token, false, false).getIds();
    return token.equals("!") || ids.length == 0 ? EXCLAMATION : Math.toIntExact(ids[0]);
  }

  /// The tokenizer that OpenAI published, by the merges that come with this program.
  public static ClipTokenizer published() throws IOException {
    Map<String, Integer> vocabulary = ClipVocabulary.tokens();
    List<String> merges = ClipVocabulary.merges().lines().skip(1).toList();
    return new ClipTokenizer(open(json(vocabulary, merges, "CLIP"), "CLIP"), "CLIP", null);
  }

  /// The tokenizer in a folder: its `tokenizer.json`, or its `vocab.json` and `merges.txt`.
  ///
  /// @throws TextException if there is none, or one that is broken
  public static ClipTokenizer open(Path folder) throws IOException {
    Path whole = folder.resolve("tokenizer.json");
    String where = folder.toString();
    String json;
    if (Files.exists(whole)) {
      json = text(whole);
    } else {
      Map<String, Integer> vocabulary = vocabulary(folder.resolve("vocab.json"));
      List<String> merges =
          text(folder.resolve("merges.txt"))
              .lines()
              .filter(line -> !line.startsWith("#version") && !line.isBlank())
              .toList();
      json = json(vocabulary, merges, where);
    }
    return new ClipTokenizer(open(json, where), where, padToken(folder));
  }

  private static HuggingFaceTokenizer open(String json, String where) {
    System.setProperty("OPT_OUT_TRACKING", "true");
    Map<String, String> options =
        Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false");
    try {
      return HuggingFaceTokenizer.newInstance(
          new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), options);
    } catch (IOException | RuntimeException e) {
      throw new TextException(
          "%s is no tokenizer that can be read: %s".formatted(where, e.getMessage()), e);
    }
  }

  private static String json(Map<String, Integer> vocabulary, List<String> merges, String where) {
    Integer start = vocabulary.get(ClipVocabulary.START);
    Integer end = vocabulary.get(ClipVocabulary.END);
    if (start == null || end == null) {
      throw new TextException(
          "%s is no tokenizer of CLIP: its vocabulary lacks %s"
              .formatted(where, start == null ? ClipVocabulary.START : ClipVocabulary.END));
    }
    return ClipTokenizerJson.of(vocabulary, merges, start, end);
  }

  private static String text(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new TextException(file + " is missing; download or copy the tokenizer again");
    }
    if (Files.size(file) > LONGEST) {
      throw new TextException("%s is larger than %,d bytes".formatted(file, LONGEST));
    }
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new TextException(file + " is not UTF-8 text", e);
    }
  }

  private static JsonObject object(Path file) throws IOException {
    try {
      return JsonParser.parseString(text(file)).getAsJsonObject();
    } catch (JsonParseException | IllegalStateException e) {
      throw new TextException(file + " is not a JSON object; download or copy it again", e);
    }
  }

  private static Map<String, Integer> vocabulary(Path file) throws IOException {
    Map<String, Integer> vocabulary = new LinkedHashMap<>();
    for (Map.Entry<String, JsonElement> entry : object(file).entrySet()) {
      try {
        vocabulary.put(entry.getKey(), entry.getValue().getAsInt());
      } catch (UnsupportedOperationException | IllegalStateException | NumberFormatException e) {
        throw new TextException(
            "%s: the token %s has no number".formatted(file, entry.getKey()), e);
      }
    }
    return vocabulary;
  }

  /// What the folder says texts are filled up with; null if it says nothing.
  private static @Nullable String padToken(Path folder) throws IOException {
    for (String name : List.of("special_tokens_map.json", "tokenizer_config.json")) {
      Path file = folder.resolve(name);
      JsonElement pad = Files.exists(file) ? object(file).get("pad_token") : null;
      if (pad instanceof JsonObject token) {
        pad = token.get("content");
      }
      if (pad != null && pad.isJsonPrimitive()) {
        return pad.getAsString();
      }
    }
    return null;
  }

  public long end() {
    return end;
  }

  /// What texts are filled up with: what the folder says, else what the encoder was trained with.
  ///
  /// @param openClip whether OpenCLIP trained the encoder
  public long pad(boolean openClip) {
    return pad.isPresent() ? pad.getAsInt() : openClip ? EXCLAMATION : end;
  }

  /// A text with its start and end, however long.
  public long[] ids(String text) {
    return tokenizer.encode(text).getIds();
  }

  /// A text of exactly so many tokens: cut, its end kept, or filled up.
  public long[] ids(String text, int length, long padding) {
    long[] all = ids(text);
    long[] exact = Arrays.copyOf(all, length);
    if (all.length > length) {
      exact[length - 1] = end;
    } else {
      Arrays.fill(exact, all.length, length, padding);
    }
    return exact;
  }

  /// A text in pieces that an encoder reads one by one (sd-scripts `strategy_base.py`).
  ///
  /// @param length tokens without start and end: 75, 150 or 225
  /// @return one row of 77 tokens for each 75
  public long[][] chunks(String text, int length, long padding) {
    int width = 75;
    if (length < width || length % width != 0) {
      throw new TextException("texts have 75, 150 or 225 tokens, not " + length);
    }
    long[] all = ids(text, length + 2, padding);
    if (length == width) {
      return new long[][] {all};
    }
    long[][] chunks = new long[length / width][];
    for (int i = 0; i < chunks.length; i++) {
      long[] chunk = new long[width + 2];
      chunk[0] = start;
      System.arraycopy(all, 1 + i * width, chunk, 1, width);
      chunk[width + 1] = all[all.length - 1];
      if (padding != end) {
        if (chunk[width] != end && chunk[width] != padding) {
          chunk[width + 1] = end;
        }
        if (chunk[1] == padding) {
          chunk[1] = end;
        }
      }
      chunks[i] = chunk;
    }
    return chunks;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
