package radiata.train.data;

/// How pictures are sorted by shape, under the names and with the defaults of sd-scripts.
///
/// @param enabled `enable_bucket`; without it there is one bucket, that of the resolution
/// @param noUpscale `bucket_no_upscale`: pictures are only made smaller, and each shape is its own
///   bucket
public record BucketSettings(
    Size resolution, boolean enabled, int smallest, int largest, int step, boolean noUpscale) {
  public static final int SMALLEST = 256;
  public static final int LARGEST = 1024;
  public static final int STEP = 64;

  public static BucketSettings of(Size resolution) {
    return new BucketSettings(resolution, true, SMALLEST, LARGEST, STEP, false);
  }
}
