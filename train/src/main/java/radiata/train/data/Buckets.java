package radiata.train.data;

import java.util.List;
import java.util.TreeSet;

/// The sizes that pictures are brought to, so that a batch holds pictures of one shape (sd-scripts
/// 48d368f `library/model_util.py` `make_bucket_resolutions`, `library/train_util.py`
/// `BucketManager`).
///
/// @param settings what the buckets come from
/// @param sizes in order of width, then height; empty where every picture makes its own
public record Buckets(BucketSettings settings, List<Size> sizes) {
  /// Where a picture goes.
  ///
  /// @param bucket what is cut out of it
  /// @param resized what it is brought to before; at least as wide and as high as the bucket
  /// @param error the aspect of the bucket less that of the picture
  public record Fit(Size bucket, Size resized, double error) {}

  public Buckets {
    sizes = List.copyOf(sizes);
  }

  public static Buckets of(BucketSettings settings) {
    if (!settings.enabled()) {
      return new Buckets(settings, List.of(settings.resolution()));
    }
    return new Buckets(settings, settings.noUpscale() ? List.of() : sizes(settings));
  }

  private static List<Size> sizes(BucketSettings settings) {
    int step = settings.step();
    int largest = settings.largest();
    long area = settings.resolution().area();
    TreeSet<Size> sizes = new TreeSet<>();
    int square = (int) Math.floor(Math.sqrt((double) area) / step) * step;
    sizes.add(new Size(square, square));
    for (int width = settings.smallest(); width <= largest; width += step) {
      int height = (int) Math.min(largest, area / width / step * step);
      if (height >= settings.smallest()) {
        sizes.add(new Size(width, height));
        sizes.add(new Size(height, width));
      }
    }
    return List.copyOf(sizes);
  }

  /// The bucket of a picture: its own size if there is such a one, else the first whose aspect is
  /// nearest.
  ///
  /// @throws IllegalArgumentException if the picture is smaller than one step of a bucket
  public Fit fit(Size picture) {
    boolean own = settings.enabled() && settings.noUpscale();
    Fit fit = own ? withoutUpscaling(picture) : nearest(picture);
    if (fit.bucket().width() < 1 || fit.bucket().height() < 1) {
      throw new IllegalArgumentException(
          "%s pixels, less than one step of %d in a direction; bucket_no_upscale = false makes it larger"
              .formatted(picture, settings.step()));
    }
    return fit;
  }

  private Fit nearest(Size picture) {
    double aspect = picture.aspect();
    Size best = picture;
    if (!sizes.contains(picture)) {
      best = sizes.getFirst();
      for (Size size : sizes) {
        if (Math.abs(size.aspect() - aspect) < Math.abs(best.aspect() - aspect)) {
          best = size;
        }
      }
    }
    double scale =
        aspect > best.aspect()
            ? (double) best.height() / picture.height()
            : (double) best.width() / picture.width();
    Size resized =
        new Size((int) (picture.width() * scale + 0.5), (int) (picture.height() * scale + 0.5));
    return new Fit(best, resized, best.aspect() - aspect);
  }

  private Fit withoutUpscaling(Size picture) {
    double aspect = picture.aspect();
    long area = settings.resolution().area();
    Size resized = picture.area() > area ? shrunk(aspect, area) : picture;
    Size bucket = new Size(floor(resized.width()), floor(resized.height()));
    double of = bucket.height() == 0 ? aspect : bucket.aspect();
    return new Fit(bucket, resized, of - aspect);
  }

  /// One side becomes a multiple of the step: the one that changes the aspect less.
  private Size shrunk(double aspect, long area) {
    double width = Math.sqrt(area * aspect);
    double height = area / width;
    int byWidth = rounded(width);
    double aspectByWidth = (double) byWidth / rounded(byWidth / aspect);
    int byHeight = rounded(height);
    double aspectByHeight = (double) rounded(byHeight * aspect) / byHeight;
    return Math.abs(aspectByWidth - aspect) < Math.abs(aspectByHeight - aspect)
        ? new Size(byWidth, (int) (byWidth / aspect + 0.5))
        : new Size((int) (byHeight * aspect + 0.5), byHeight);
  }

  private int rounded(double length) {
    return floor((int) (length + 0.5));
  }

  private int floor(int length) {
    return length - length % settings.step();
  }
}
