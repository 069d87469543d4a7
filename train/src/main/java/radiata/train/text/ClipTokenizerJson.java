package radiata.train.text;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.List;
import java.util.Map;
import radiata.names.clip.ClipVocabulary;

/// The `tokenizer.json` of CLIP, made of its vocabulary and merges: what transformers'
/// `CLIPTokenizerFast` makes of the same two files.
final class ClipTokenizerJson {
  private static final String WORDS =
      "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

  private ClipTokenizerJson() {}

  static String of(Map<String, Integer> vocabulary, List<String> merges, int start, int end) {
    JsonObject json = new JsonObject();
    json.addProperty("version", "1.0");
    json.add(
        "added_tokens", array(added(start, ClipVocabulary.START), added(end, ClipVocabulary.END)));
    json.add("normalizer", normalizer());
    json.add("pre_tokenizer", preTokenizer());
    json.add("post_processor", postProcessor(start, end));
    json.add("model", model(vocabulary, merges));
    return json.toString();
  }

  private static JsonArray array(JsonObject... members) {
    JsonArray array = new JsonArray();
    for (JsonObject member : members) {
      array.add(member);
    }
    return array;
  }

  private static JsonObject typed(String type) {
    JsonObject json = new JsonObject();
    json.addProperty("type", type);
    return json;
  }

  private static JsonObject regex(String pattern) {
    JsonObject json = new JsonObject();
    json.addProperty("Regex", pattern);
    return json;
  }

  private static JsonObject added(int id, String content) {
    JsonObject json = new JsonObject();
    json.addProperty("id", id);
    json.addProperty("content", content);
    json.addProperty("single_word", false);
    json.addProperty("lstrip", false);
    json.addProperty("rstrip", false);
    json.addProperty("normalized", false);
    json.addProperty("special", true);
    return json;
  }

  private static JsonObject normalizer() {
    JsonObject spaces = typed("Replace");
    spaces.add("pattern", regex("\\s+"));
    spaces.addProperty("content", " ");
    JsonObject json = typed("Sequence");
    json.add("normalizers", array(typed("NFC"), spaces, typed("Lowercase")));
    return json;
  }

  private static JsonObject preTokenizer() {
    JsonObject split = typed("Split");
    split.add("pattern", regex(WORDS));
    split.addProperty("behavior", "Removed");
    split.addProperty("invert", true);
    JsonObject bytes = typed("ByteLevel");
    bytes.addProperty("add_prefix_space", false);
    bytes.addProperty("trim_offsets", true);
    bytes.addProperty("use_regex", true);
    JsonObject json = typed("Sequence");
    json.add("pretokenizers", array(split, bytes));
    return json;
  }

  private static JsonObject postProcessor(int start, int end) {
    JsonObject json = typed("RobertaProcessing");
    json.add("sep", pair(ClipVocabulary.END, end));
    json.add("cls", pair(ClipVocabulary.START, start));
    json.addProperty("trim_offsets", false);
    json.addProperty("add_prefix_space", false);
    return json;
  }

  private static JsonArray pair(String token, int id) {
    JsonArray pair = new JsonArray();
    pair.add(token);
    pair.add(id);
    return pair;
  }

  private static JsonObject model(Map<String, Integer> vocabulary, List<String> merges) {
    JsonObject json = typed("BPE");
    json.addProperty("unk_token", ClipVocabulary.END);
    json.addProperty("continuing_subword_prefix", "");
    json.addProperty("end_of_word_suffix", ClipVocabulary.WORD_END);
    JsonObject tokens = new JsonObject();
    vocabulary.forEach((token, id) -> tokens.add(token, new JsonPrimitive(id)));
    json.add("vocab", tokens);
    JsonArray pairs = new JsonArray();
    merges.forEach(pairs::add);
    json.add("merges", pairs);
    return json;
  }
}
