package radiata.cli.command;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;

/// The word that somebody may have meant.
final class Nearest {
  private Nearest() {}

  /// The candidate with the fewest edits from `word`; of several the one that starts like it.
  static String of(String word, Collection<String> candidates) {
    return candidates.stream()
        .min(
            Comparator.comparingInt((String candidate) -> distance(word, candidate))
                .thenComparing(candidate -> -commonStart(word, candidate))
                .thenComparing(Comparator.naturalOrder()))
        .orElseThrow();
  }

  /// Edits from `typed` to `meant`: a letter put in, left out, replaced, or two neighbours swapped.
  /// What is merely not typed to the end counts as one.
  private static int distance(String typed, String meant) {
    String a = typed.toLowerCase(Locale.ROOT);
    String b = meant.toLowerCase(Locale.ROOT);
    if (!a.isEmpty() && b.startsWith(a)) {
      return a.equals(b) ? 0 : 1;
    }
    int[][] edits = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          edits[i][j] = i + j;
          continue;
        }
        int replaced = edits[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        edits[i][j] = Math.min(replaced, 1 + Math.min(edits[i - 1][j], edits[i][j - 1]));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          edits[i][j] = Math.min(edits[i][j], 1 + edits[i - 2][j - 2]);
        }
      }
    }
    return edits[a.length()][b.length()];
  }

  private static int commonStart(String a, String b) {
    int most = Math.min(a.length(), b.length());
    int i = 0;
    while (i < most && a.charAt(i) == b.charAt(i)) {
      i++;
    }
    return i;
  }
}
