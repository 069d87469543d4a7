package radiata.train.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// All pictures of a run, looked through once: their captions, sizes and buckets. Pixels are read
/// when they are used.
///
/// @param notes what whoever trains should know, a sentence each
public record ImageData(List<Part> parts, List<String> notes) {
  /// A data set and its pictures, subset by subset, in the order of their names.
  public record Part(ImageDataset dataset, List<ImageItem> items) {
    public Part {
      items = List.copyOf(items);
    }
  }

  public ImageData {
    parts = List.copyOf(parts);
    notes = List.copyOf(notes);
  }

  /// Looks through data sets.
  ///
  /// @throws DataException if a folder has no picture, or a picture or caption cannot be used
  public static ImageData scan(List<ImageDataset> datasets) throws IOException {
    List<Part> parts = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    int number = 0;
    for (ImageDataset dataset : datasets) {
      Buckets buckets = Buckets.of(dataset.buckets());
      List<ImageItem> items = new ArrayList<>();
      for (ImageSubset subset : dataset.subsets()) {
        List<ImageFolder.Captioned> captioned = ImageFolder.captioned(subset);
        noteMissing(subset, captioned, notes);
        for (ImageFolder.Captioned each : captioned) {
          items.add(item(each, subset, buckets, number));
          number = Math.addExact(number, subset.repeats());
        }
      }
      parts.add(new Part(dataset, items));
    }
    return new ImageData(parts, notes);
  }

  private static ImageItem item(
      ImageFolder.Captioned captioned, ImageSubset subset, Buckets buckets, int number)
      throws IOException {
    Size size = Picture.sizeOf(captioned.picture());
    try {
      return new ImageItem(
          captioned.picture(),
          subset,
          size,
          captioned.caption().orElse(subset.classTokens()),
          buckets.fit(size),
          number);
    } catch (IllegalArgumentException e) {
      throw new DataException(captioned.picture(), String.valueOf(e.getMessage()));
    }
  }

  private static void noteMissing(
      ImageSubset subset, List<ImageFolder.Captioned> captioned, List<String> notes) {
    long missing = captioned.stream().filter(each -> each.caption().isEmpty()).count();
    if (missing > 0) {
      notes.add(
          "%s: %d of %d pictures have no caption (%s); they are trained with %s"
              .formatted(
                  subset.folder(),
                  missing,
                  captioned.size(),
                  subset.captionExtension(),
                  subset.classTokens().isEmpty()
                      ? "an empty one"
                      : "\"" + subset.classTokens() + "\""));
    }
  }

  /// All pictures.
  public List<ImageItem> items() {
    return parts.stream().flatMap(part -> part.items().stream()).toList();
  }

  /// Pictures in an epoch, repeats counted.
  public int uses() {
    return items().stream().mapToInt(item -> item.subset().repeats()).sum();
  }
}
