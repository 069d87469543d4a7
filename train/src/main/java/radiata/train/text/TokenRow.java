package radiata.train.text;

import java.util.Arrays;

/// Tokens of one row of a batch. Immutable.
public final class TokenRow {
  /// The label of a token that does not count in the loss.
  public static final long IGNORED = -100;

  private final long[] ids;
  private final long[] labels;

  /// @param ids of the tokens
  /// @param labels the same where a token counts, [#IGNORED] elsewhere
  TokenRow(long[] ids, long[] labels) {
    this.ids = ids.clone();
    this.labels = labels.clone();
  }

  public int length() {
    return ids.length;
  }

  /// How many tokens count: the first one is never predicted.
  public long counted() {
    return Arrays.stream(labels).skip(1).filter(label -> label != IGNORED).count();
  }

  /// Puts the tokens and their labels from a place on.
  public void put(long[] intoIds, long[] intoLabels, int at) {
    System.arraycopy(ids, 0, intoIds, at, ids.length);
    System.arraycopy(labels, 0, intoLabels, at, labels.length);
  }
}
