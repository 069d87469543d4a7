package radiata.names.clip;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// The tokens of CLIP, which OpenAI published and OpenCLIP carries on: byte-pair merges over the
/// bytes of lower-case text. The vocabulary follows from the merges (`open_clip/tokenizer.py`).
public final class ClipVocabulary {
  /// Before the first token of a text.
  public static final String START = "<|startoftext|>";

  /// After the last one.
  public static final String END = "<|endoftext|>";

  /// Behind a token that ends a word.
  public static final String WORD_END = "</w>";

  private static final String MERGES = "clip-merges.txt";

  private ClipVocabulary() {}

  /// The merges in the order in which they are tried, behind a line with the version of the format.
  public static String merges() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(ClipVocabulary.class.getResourceAsStream(MERGES), MERGES)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /// Every token with its number: the bytes, the bytes that end a word, the merges, start and end.
  public static Map<String, Integer> tokens() throws IOException {
    List<String> tokens = new ArrayList<>(bytes());
    bytes().forEach(letter -> tokens.add(letter + WORD_END));
    merges().lines().skip(1).forEach(merge -> tokens.add(merge.replace(" ", "")));
    tokens.add(START);
    tokens.add(END);
    Map<String, Integer> numbered = new LinkedHashMap<>();
    tokens.forEach(token -> numbered.put(token, numbered.size()));
    return numbered;
  }

  /// A letter for every byte: itself where it can be seen, and from U+0100 on for the others.
  private static List<String> bytes() {
    List<String> seen = new ArrayList<>();
    List<String> hidden = new ArrayList<>();
    for (char b = 0; b < 256; b++) {
      boolean visible = (b >= '!' && b <= '~') || (b >= '¡' && b <= '¬') || b >= '®';
      if (visible) {
        seen.add(String.valueOf(b));
      } else {
        hidden.add(String.valueOf((char) (256 + hidden.size())));
      }
    }
    seen.addAll(hidden);
    return seen;
  }
}
