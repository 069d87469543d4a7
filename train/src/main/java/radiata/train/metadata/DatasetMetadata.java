package radiata.train.metadata;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import radiata.train.data.ImageData;
import radiata.train.data.ImageDataset;
import radiata.train.data.ImageItem;
import radiata.train.data.ImageSubset;
import radiata.train.data.Size;

/// What is said of the pictures. Folders are named without the folders they lie in.
final class DatasetMetadata {
  private DatasetMetadata() {}

  /// `{folder: {tag: pictures}}`, tags in the order in which they are met.
  static String tagFrequency(ImageData data) {
    SequencedMap<String, Object> all = new LinkedHashMap<>();
    data.parts().forEach(part -> all.putAll(tags(part)));
    return PythonText.json(all);
  }

  /// `{folder: {"n_repeats": n, "img_count": n}}`.
  static String folders(ImageData data) {
    SequencedMap<String, Object> all = new LinkedHashMap<>();
    for (ImageData.Part part : data.parts()) {
      for (ImageSubset subset : part.dataset().subsets()) {
        SequencedMap<String, Object> one = new LinkedHashMap<>();
        one.put("n_repeats", subset.repeats());
        one.put("img_count", count(part, subset));
        all.put(name(subset), one);
      }
    }
    return PythonText.json(all);
  }

  static String buckets(ImageData.Part part) {
    return PythonText.json(bucketInfo(part));
  }

  /// Each data set with its subsets, as a run from a dataset TOML has it.
  static String datasets(ImageData data) {
    return PythonText.json(data.parts().stream().map(DatasetMetadata::dataset).toList());
  }

  private static SequencedMap<String, Object> dataset(ImageData.Part part) {
    ImageDataset of = part.dataset();
    Size resolution = of.buckets().resolution();
    SequencedMap<String, Object> all = new LinkedHashMap<>();
    all.put("is_dreambooth", true);
    all.put("batch_size_per_device", of.batchSize());
    all.put(
        "num_train_images", part.items().stream().mapToInt(item -> item.subset().repeats()).sum());
    all.put("num_reg_images", 0);
    all.put("resolution", List.of(resolution.width(), resolution.height()));
    all.put("enable_bucket", of.buckets().enabled());
    all.put("min_bucket_reso", of.buckets().smallest());
    all.put("max_bucket_reso", of.buckets().largest());
    all.put("tag_frequency", tags(part));
    all.put("bucket_info", bucketInfo(part));
    all.put("subsets", of.subsets().stream().map(subset -> subset(part, subset)).toList());
    return all;
  }

  private static SequencedMap<String, Object> subset(ImageData.Part part, ImageSubset of) {
    SequencedMap<String, Object> all = new LinkedHashMap<>();
    all.put("img_count", count(part, of));
    all.put("num_repeats", of.repeats());
    all.put("color_aug", false);
    all.put("flip_aug", of.flip());
    all.put("random_crop", of.randomCrop());
    all.put("shuffle_caption", of.captions().shuffle());
    all.put("keep_tokens", of.captions().keepTokens());
    all.put("keep_tokens_separator", PythonText.orNull(of.captions().keepSeparator()));
    all.put("secondary_separator", PythonText.orNull(of.captions().secondarySeparator()));
    all.put("enable_wildcard", of.captions().wildcard());
    all.put("caption_prefix", PythonText.orNull(of.captions().prefix()));
    all.put("caption_suffix", PythonText.orNull(of.captions().suffix()));
    all.put("image_dir", name(of));
    all.put("class_tokens", PythonText.orNull(of.classTokens()));
    all.put("is_reg", false);
    return all;
  }

  private static Object bucketInfo(ImageData.Part part) {
    if (!part.dataset().buckets().enabled()) {
      return PythonText.Null.NULL;
    }
    TreeMap<Size, Integer> counts = new TreeMap<>();
    double errors = 0;
    for (ImageItem item : part.items()) {
      counts.merge(item.fit().bucket(), item.subset().repeats(), Integer::sum);
      errors += Math.abs(item.fit().error());
    }
    SequencedMap<String, Object> buckets = new LinkedHashMap<>();
    counts.forEach((size, count) -> {
      SequencedMap<String, Object> one = new LinkedHashMap<>();
      one.put("resolution", List.of(size.width(), size.height()));
      one.put("count", count);
      buckets.put(Integer.toString(buckets.size()), one);
    });
    SequencedMap<String, Object> info = new LinkedHashMap<>();
    info.put("buckets", buckets);
    info.put("mean_img_ar_error", errors / Math.max(1, part.items().size()));
    return info;
  }

  private static Map<String, Object> tags(ImageData.Part part) {
    SequencedMap<String, Object> folders = new LinkedHashMap<>();
    for (ImageSubset subset : part.dataset().subsets()) {
      SequencedMap<String, Object> tags = new LinkedHashMap<>();
      for (ImageItem item : of(part, subset)) {
        for (String each : item.caption().split(",", -1)) {
          String tag = each.strip().toLowerCase(Locale.ROOT);
          if (!tag.isEmpty()) {
            tags.merge(tag, 1, (a, b) -> (Integer) a + (Integer) b);
          }
        }
      }
      folders.put(name(subset), tags);
    }
    return folders;
  }

  private static List<ImageItem> of(ImageData.Part part, ImageSubset subset) {
    List<ImageItem> items = new ArrayList<>();
    for (ImageItem item : part.items()) {
      if (item.subset().folder().equals(subset.folder())) {
        items.add(item);
      }
    }
    return items;
  }

  private static int count(ImageData.Part part, ImageSubset subset) {
    return of(part, subset).size();
  }

  private static String name(ImageSubset subset) {
    return String.valueOf(subset.folder().getFileName());
  }
}
