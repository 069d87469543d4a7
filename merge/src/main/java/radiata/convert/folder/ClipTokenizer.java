package radiata.convert.folder;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import radiata.names.clip.ClipVocabulary;
import radiata.safetensors.OutputPlan.GeneratedFile;

/// The files of CLIP's tokenizer, as transformers writes them.
public final class ClipTokenizer {
  private static final String START = ClipVocabulary.START;
  private static final String END = ClipVocabulary.END;

  private final String merges;
  private final String vocabulary;

  private ClipTokenizer(String merges, String vocabulary) {
    this.merges = merges;
    this.vocabulary = vocabulary;
  }

  /// The tokenizer, ready to be written into any number of folders.
  static ClipTokenizer read() throws IOException {
    return new ClipTokenizer(ClipVocabulary.merges(), vocabularyText());
  }

  /// The vocabulary as transformers writes it: sorted by token, in letters and not in escapes. A
  /// general writer of JSON takes ten times as long over these 49,408 members.
  private static String vocabularyText() throws IOException {
    StringBuilder text = new StringBuilder(1 << 20).append('{');
    String comma = "\n  \"";
    for (Map.Entry<String, Integer> token : new TreeMap<>(ClipVocabulary.tokens()).entrySet()) {
      text.append(comma)
          .append(token.getKey().replace("\\", "\\\\").replace("\"", "\\\""))
          .append("\": ")
          .append(token.getValue());
      comma = ",\n  \"";
    }
    return text.append("\n}\n").toString();
  }

  /// The files of a tokenizer's folder.
  ///
  /// @param pad what fills up a text: the end mark to CLIP-L, `!`, the token with number 0, to
  ///   OpenCLIP's encoders
  List<GeneratedFile> files(String folder, Pad pad) {
    return List.of(
        file(folder, "merges.txt", merges),
        file(folder, "special_tokens_map.json", PythonJson.text(specialTokens(pad))),
        file(folder, "tokenizer_config.json", PythonJson.text(config(pad))),
        file(folder, "vocab.json", vocabulary));
  }

  /// What fills up a text.
  enum Pad {
    END_OF_TEXT(END),
    EXCLAMATION("!");

    private final String token;

    Pad(String token) {
      this.token = token;
    }
  }

  private static GeneratedFile file(String folder, String name, String text) {
    return new GeneratedFile(Path.of(folder, name), text);
  }

  private static Map<String, Object> specialTokens(Pad pad) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("bos_token", token(START, true));
    map.put("eos_token", token(END, true));
    map.put("pad_token", pad.token);
    map.put("unk_token", token(END, true));
    return map;
  }

  private static Map<String, Object> config(Pad pad) {
    Map<String, Object> added = new LinkedHashMap<>();
    if (pad == Pad.EXCLAMATION) {
      added.put("0", special(token("!", false)));
    }
    added.put("49406", special(token(START, true)));
    added.put("49407", special(token(END, pad == Pad.EXCLAMATION)));
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("add_prefix_space", false);
    config.put("added_tokens_decoder", added);
    config.put("bos_token", START);
    config.put("clean_up_tokenization_spaces", true);
    config.put("do_lower_case", true);
    config.put("eos_token", END);
    config.put("errors", "replace");
    config.put("model_max_length", 77);
    config.put("pad_token", pad.token);
    config.put("tokenizer_class", "CLIPTokenizer");
    config.put("unk_token", END);
    return config;
  }

  /// A token as transformers describes it; keys in their order.
  private static Map<String, Object> token(String content, boolean normalized) {
    Map<String, Object> token = new LinkedHashMap<>();
    token.put("content", content);
    token.put("lstrip", false);
    token.put("normalized", normalized);
    token.put("rstrip", false);
    token.put("single_word", false);
    return token;
  }

  private static Map<String, Object> special(Map<String, Object> token) {
    token.put("special", true);
    return token;
  }
}
