package radiata.train.data;

import java.io.IOException;
import java.nio.file.Path;
import radiata.train.data.Draws.Purpose;

/// A picture of a data set.
///
/// @param size as it is in its file
/// @param caption as it is in its file, before anything is done to it
/// @param first the number of its first use in an epoch; with its repeats, numbers run on
public record ImageItem(
    Path file, ImageSubset subset, Size size, String caption, Buckets.Fit fit, int first) {
  /// Reads the picture and brings it to its bucket.
  public Picture load(ImageUse use, Draws draws, int epoch) throws IOException {
    Picture picture = Picture.read(file).resized(fit.resized());
    int spareWidth = fit.resized().width() - fit.bucket().width();
    int spareHeight = fit.resized().height() - fit.bucket().height();
    int left = spareWidth / 2;
    int top = spareHeight / 2;
    if (subset.randomCrop()) {
      var crop = draws.of(Purpose.CROP, epoch, use.number());
      left = crop.nextInt(spareWidth + 1);
      top = crop.nextInt(spareHeight + 1);
    }
    Picture cropped = picture.cropped(left, top, fit.bucket());
    return use.flipped() ? cropped.flipped() : cropped;
  }

  /// What SDXL is told of it.
  public TimeIds timeIds(boolean flipped) {
    return TimeIds.of(size, fit.bucket(), flipped);
  }
}
