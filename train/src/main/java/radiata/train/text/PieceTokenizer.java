package radiata.train.text;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The tokenizer files of llama2.c (`tok512.bin`, `tokenizer.bin`): pieces with scores, as
/// SentencePiece has them. What they mean is said in the form that Hugging Face's tokenizers read:
/// merges in the order of the scores (transformers 5 `convert_slow_tokenizer.py`
/// `SentencePieceExtractor`).
final class PieceTokenizer {
  private static final int MOST_PIECES = 1_000_000;
  private static final char SPACE = '\u2581';
  private static final String FRAME =
      """
      {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [
        {"id": 0, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 1, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
        {"id": 2, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
       "normalizer": {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
       "pre_tokenizer": null,
       "post_processor": {"type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
         {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
       "decoder": null,
       "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
        "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false}}
      """;

  private record Piece(String text, float score) {}

  private PieceTokenizer() {}

  /// `tokenizer.json` with the same meaning.
  ///
  /// @throws TextException if it is no such file
  static String json(Path file) throws IOException {
    Map<String, Integer> ids = new LinkedHashMap<>();
    List<Piece> pieces = pieces(file);
    for (int i = 0; i < pieces.size(); i++) {
      ids.putIfAbsent(pieces.get(i).text(), i);
    }
    JsonObject vocabulary = new JsonObject();
    ids.forEach(vocabulary::addProperty);
    JsonArray merges = new JsonArray();
    pieces.stream()
        .filter(piece -> !piece.text().startsWith("<"))
        .sorted(Comparator.comparingDouble((Piece piece) -> piece.score()).reversed())
        .forEach(piece -> splits(piece.text(), ids).forEach(merges::add));
    JsonObject root = JsonParser.parseString(FRAME).getAsJsonObject();
    JsonObject model = root.getAsJsonObject("model");
    model.add("vocab", vocabulary);
    model.add("merges", merges);
    return root.toString();
  }

  /// Every pair of pieces that a piece may be merged from, earlier pieces first.
  private static List<JsonArray> splits(String text, Map<String, Integer> ids) {
    record Split(int left, int right, JsonArray pair) {}
    List<Split> splits = new ArrayList<>();
    for (int at = text.offsetByCodePoints(0, 1);
        at < text.length();
        at = text.offsetByCodePoints(at, 1)) {
      Integer left = ids.get(text.substring(0, at));
      Integer right = ids.get(text.substring(at));
      if (left != null && right != null) {
        JsonArray pair = new JsonArray();
        pair.add(text.substring(0, at));
        pair.add(text.substring(at));
        splits.add(new Split(left, right, pair));
      }
    }
    splits.sort(Comparator.comparingInt(Split::left).thenComparingInt(Split::right));
    return splits.stream().map(Split::pair).toList();
  }

  private static List<Piece> pieces(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Piece> pieces = new ArrayList<>();
    int longest = bytes.remaining() < 4 ? -1 : bytes.getInt();
    while (bytes.hasRemaining() && longest >= 0 && pieces.size() < MOST_PIECES) {
      int place = bytes.position();
      if (bytes.remaining() < 8) {
        throw broken(file, place);
      }
      float score = bytes.getFloat();
      int length = bytes.getInt();
      if (length < 0 || length > Math.max(longest, 16) || length > bytes.remaining()) {
        throw broken(file, place);
      }
      byte[] text = new byte[length];
      bytes.get(text);
      String piece = new String(text, StandardCharsets.UTF_8).replace(' ', SPACE);
      // llama2.c sets the marks of texts apart by line breaks.
      boolean mark = piece.equals("\n<s>\n") || piece.equals("\n</s>\n");
      pieces.add(new Piece(mark ? piece.strip() : piece, score));
    }
    if (pieces.size() < 3) {
      throw broken(file, 0);
    }
    return pieces;
  }

  private static TextException broken(Path file, int place) {
    return new TextException(
        "%s is no tokenizer file of llama2.c: at byte %d there is no piece".formatted(file, place));
  }
}
