package radiata.train.data;

/// What is done to captions, under the names and with the defaults of sd-scripts.
///
/// @param separator `caption_separator`: between tags
/// @param keepSeparator `keep_tokens_separator`; empty for none
/// @param secondarySeparator `secondary_separator`, which becomes the separator at last; empty for
///   none
/// @param prefix `caption_prefix`; empty for none
/// @param dropEvery `caption_dropout_every_n_epochs`; 0 for never
/// @param warmupSteps `token_warmup_step`: below 1 a fraction of all steps, 0 for none
public record CaptionSettings(
    boolean shuffle,
    int keepTokens,
    String separator,
    String keepSeparator,
    String secondarySeparator,
    boolean wildcard,
    String prefix,
    String suffix,
    double dropout,
    int dropEvery,
    double tagDropout,
    int warmupMin,
    double warmupSteps) {
  public static final CaptionSettings DEFAULT =
      new CaptionSettings(false, 0, ",", "", "", false, "", "", 0, 0, 0, 1, 0);

  /// Whether a picture may have another caption each time, so that what a text encoder makes of it
  /// cannot be kept.
  public boolean varies() {
    return endless() || dropout > 0 || dropEvery > 0;
  }

  /// Whether a caption may become so many texts that few come again.
  public boolean endless() {
    return shuffle || wildcard || tagDropout > 0 || warmupSteps > 0;
  }
}
