package radiata.train.text;

/// Tokens of one row of a batch.
///
/// @param ids of the tokens
/// @param labels the same where a token counts in the loss, -100 elsewhere
public record TokenRow(long[] ids, long[] labels) {
  /// How many tokens count: the first one is never predicted.
  public long counted() {
    long count = 0;
    for (int i = 1; i < labels.length; i++) {
      count += labels[i] == -100 ? 0 : 1;
    }
    return count;
  }
}
