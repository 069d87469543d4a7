package radiata.names;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/// Finds the names that a mistyped one may stand for, by edit distance.
public final class Nearest {
  private static final int BINS = 64;

  private record Candidate(String name, int distance) {}

  private Nearest() {}

  /// The `most` names nearest to one, best first; equally near ones in the order of their text.
  /// Names that differ in more than a quarter of their letters are not near.
  public static List<String> of(String name, Collection<String> known, int most) {
    if (most <= 0) {
      return List.of();
    }
    int[] letters = letters(name);
    List<Candidate> candidates = new ArrayList<>();
    int limit = Math.max(2, name.length() / 4);
    for (String other : known) {
      if (Math.abs(other.length() - name.length()) > limit) {
        continue;
      }
      int least = least(letters, name.length(), other);
      if (least <= limit) {
        candidates.add(new Candidate(other, least));
      }
    }
    // The bound costs a fraction of the distance, and names beyond the best few are never measured.
    candidates.sort(Comparator.comparingInt(Candidate::distance));
    List<Candidate> best = new ArrayList<>();
    for (Candidate candidate : candidates) {
      int worst = best.size() < most ? limit : best.getLast().distance();
      if (candidate.distance() > worst) {
        break;
      }
      int distance = distance(name, candidate.name(), worst);
      if (distance <= worst) {
        best.add(new Candidate(candidate.name(), distance));
        best.sort(Comparator.comparingInt(Candidate::distance).thenComparing(Candidate::name));
        if (best.size() > most) {
          best.removeLast();
        }
      }
    }
    return best.stream().map(Candidate::name).toList();
  }

  private static int[] letters(String name) {
    int[] counts = new int[BINS];
    for (int i = 0; i < name.length(); i++) {
      counts[name.charAt(i) % BINS]++;
    }
    return counts;
  }

  /// A lower bound of the distance: an edit mends at most one surplus and one missing letter.
  private static int least(int[] letters, int length, String other) {
    int[] left = letters.clone();
    int missing = 0;
    for (int i = 0; i < other.length(); i++) {
      if (--left[other.charAt(i) % BINS] < 0) {
        missing++;
      }
    }
    int surplus = length - (other.length() - missing);
    return Math.max(missing, surplus);
  }

  /// The number of letters to insert, remove or replace, or `limit + 1` if there are more.
  static int distance(String a, String b, int limit) {
    int start = 0;
    int endA = a.length();
    int endB = b.length();
    while (start < Math.min(endA, endB) && a.charAt(start) == b.charAt(start)) {
      start++;
    }
    while (endA > start && endB > start && a.charAt(endA - 1) == b.charAt(endB - 1)) {
      endA--;
      endB--;
    }
    int rows = endA - start;
    int columns = endB - start;
    if (Math.abs(rows - columns) > limit) {
      return limit + 1;
    }
    int[] above = new int[columns + 1];
    int[] row = new int[columns + 1];
    for (int j = 0; j <= columns; j++) {
      above[j] = j;
    }
    for (int i = 1; i <= rows; i++) {
      // Cells further than the limit from the diagonal cannot be on a path that is short enough.
      int from = Math.max(1, i - limit);
      int to = Math.min(columns, i + limit);
      row[from - 1] = from == 1 ? i : limit + 1;
      int least = row[from - 1];
      for (int j = from; j <= to; j++) {
        int changed = above[j - 1] + (a.charAt(start + i - 1) == b.charAt(start + j - 1) ? 0 : 1);
        int removed = j < i + limit ? above[j] + 1 : limit + 1;
        row[j] = Math.min(changed, Math.min(removed, row[j - 1] + 1));
        least = Math.min(least, row[j]);
      }
      if (least > limit) {
        return limit + 1;
      }
      int[] next = above;
      above = row;
      row = next;
    }
    return Math.min(above[columns], limit + 1);
  }
}
