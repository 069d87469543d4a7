package radiata.train.data;

/// What SDXL is told of a picture's size and place (sd-scripts 48d368f `library/train_util.py`
/// `get_crop_ltrb` and `__getitem__`). The crop is that of a picture fitted inside its bucket, as
/// Stability AI's own training had it, and not the crop that is made; a random crop is not told
/// either.
///
/// @param original the picture as it is in its file
/// @param target the picture as it is trained
public record TimeIds(Size original, int top, int left, Size target) {
  public static TimeIds of(Size original, Size bucket, boolean flipped) {
    double aspect = original.aspect();
    boolean wider = bucket.aspect() > aspect;
    double width = wider ? bucket.height() * aspect : bucket.width();
    double height = wider ? bucket.height() : bucket.width() / aspect;
    double left = Math.floor((bucket.width() - width) / 2);
    double top = Math.floor((bucket.height() - height) / 2);
    double start = flipped ? bucket.width() - (left + width) : left;
    return new TimeIds(original, (int) top, (int) start, bucket);
  }

  /// `[6]`, always height before width: original size, crop, target size.
  public float[] values() {
    return new float[] {
      original.height(), original.width(), top, left, target.height(), target.width()
    };
  }
}
