package radiata.train.config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.tomlj.TomlArray;
import radiata.toml.TomlEntry;
import radiata.toml.TomlException;
import radiata.train.data.BucketSettings;
import radiata.train.data.CaptionSettings;
import radiata.train.data.DataException;
import radiata.train.data.ImageDataset;
import radiata.train.data.ImageFolder;
import radiata.train.data.ImageSubset;
import radiata.train.data.Size;

/// Reads which pictures are trained on, from the config itself or from a dataset TOML of sd-scripts
/// (`library/config_util.py`): what a subset says goes before its dataset, that before `[general]`,
/// that before the config.
final class ImageReader {
  private static final int MOST_SIDE = 16384;
  private static final int MOST_REPEATS = 1_000_000;

  /// Keys that hold for one folder alone.
  private static final Set<String> OWN = Set.of("image_dir");

  private final Keys keys;

  ImageReader(Keys keys) {
    this.keys = keys;
  }

  /// @param batchSize where a dataset has none of its own
  ImageSection read(int batchSize, Path output) throws IOException {
    boolean toml = keys.has("dataset_config");
    // What is kept, is kept on the disk; the other spelling says no more.
    boolean latents = keys.flag("cache_latents", keys.flag("cache_latents_to_disk", true));
    boolean text =
        keys.flag(
            "cache_text_encoder_outputs", keys.flag("cache_text_encoder_outputs_to_disk", false));
    Path cache = keys.path("cache_dir").orElse(output.resolve("cache"));
    List<ImageDataset> datasets = toml ? fromFile(batchSize) : fromConfig(batchSize);
    for (ImageDataset dataset : datasets) {
      for (ImageSubset subset : dataset.subsets()) {
        requireCacheable(subset, latents, text);
      }
    }
    return new ImageSection(datasets, toml, latents, text, cache);
  }

  private void requireCacheable(ImageSubset subset, boolean latents, boolean text) {
    if (subset.randomCrop() && latents) {
      keys.mistake(
          "cache_latents",
          "random_crop gives another picture each time; write cache_latents = false");
    }
    if (text && subset.captions().varies()) {
      keys.mistake(
          "cache_text_encoder_outputs",
          "captions that are shuffled, dropped or chosen differ each time and cannot be kept");
    }
  }

  private List<ImageDataset> fromConfig(int batchSize) throws IOException {
    List<Path> folders = keys.folders("image_dir");
    ImageSubset like = subset(keys, Path.of(""));
    Optional<Path> parent = keys.folder("train_data_dir");
    List<ImageSubset> subsets = new ArrayList<>();
    for (Path folder : folders) {
      subsets.add(in(like, folder));
    }
    if (parent.isPresent()) {
      try {
        subsets.addAll(ImageFolder.subsets(parent.get(), like));
      } catch (DataException e) {
        keys.mistake("train_data_dir", "%s: %s".formatted(e.file(), e.getMessage()));
      }
    }
    if (!keys.has("image_dir") && !keys.has("train_data_dir") && !keys.has("train_file")) {
      keys.mistake(
          "train_data_dir",
          "there is no data: write train_data_dir, image_dir or dataset_config for pictures, train_file for text");
    }
    return List.of(new ImageDataset(buckets(keys), batchSize, subsets));
  }

  private static ImageSubset in(ImageSubset like, Path folder) {
    return new ImageSubset(
        folder,
        like.repeats(),
        like.classTokens(),
        like.captionExtension(),
        like.flip(),
        like.randomCrop(),
        like.captions());
  }

  private List<ImageDataset> fromFile(int batchSize) throws IOException {
    // What the config says for all datasets is known too.
    Keys all = keys;
    subset(all, Path.of(""));
    Optional<Path> file = keys.existing("dataset_config");
    if (file.isEmpty()) {
      return List.of();
    }
    bucketKeys(all, all.other("resolution", new Size(1, 1), ImageReader::size));
    List<String> mistakes = new ArrayList<>();
    List<ImageDataset> datasets = new ArrayList<>();
    try {
      TomlEntry root = TomlEntry.read(file.get(), "a dataset config");
      root.requireKnown(List.of("general", "datasets"));
      Keys general = all;
      for (TomlEntry table : root.entries("general")) {
        general = Keys.above(table, all, mistakes);
      }
      List<Keys> levels = new ArrayList<>();
      for (TomlEntry table : root.entries("datasets")) {
        datasets.add(dataset(table, general, batchSize, mistakes, levels));
      }
      if (datasets.isEmpty()) {
        mistakes.add("there is no [[datasets]] in it");
      }
      if (general != all) {
        general.finish(known(levels));
      }
    } catch (TomlException e) {
      mistakes.add(e.said());
    }
    if (!mistakes.isEmpty()) {
      throw new ConfigException(file.get(), mistakes.stream().distinct().toList());
    }
    return datasets;
  }

  private static Set<String> known(List<Keys> levels) {
    Set<String> known = new LinkedHashSet<>();
    levels.forEach(level -> known.addAll(level.asked()));
    known.removeAll(OWN);
    known.remove("subsets");
    return known;
  }

  private static ImageDataset dataset(
      TomlEntry table, Keys general, int batchSize, List<String> mistakes, List<Keys> levels) {
    Keys keys = Keys.above(table, general, mistakes);
    levels.add(keys);
    BucketSettings buckets = buckets(keys);
    int size = keys.whole("train_batch_size", 1, 1 << 16, batchSize);
    List<ImageSubset> subsets = new ArrayList<>();
    List<Keys> below = new ArrayList<>();
    for (TomlEntry each : table.entries("subsets")) {
      Keys own = Keys.above(each, keys, mistakes);
      below.add(own);
      Optional<Path> folder = own.folder("image_dir");
      if (!own.has("image_dir")) {
        mistakes.add(each.missing("image_dir").said());
      }
      ImageSubset like = subset(own, folder.orElse(Path.of("")));
      subsets.add(like);
      own.finish(Set.of());
    }
    if (subsets.isEmpty()) {
      mistakes.add("%s: [[datasets]] without [[datasets.subsets]]".formatted(table.place()));
    }
    Set<String> known = known(below);
    known.add("subsets");
    keys.finish(known);
    levels.addAll(below);
    return new ImageDataset(buckets, size, subsets);
  }

  private static BucketSettings buckets(Keys keys) {
    if (!keys.has("resolution")) {
      keys.mistake("resolution", "'resolution' is missing: 512 for SD1, 1024 for SDXL");
      return bucketKeys(keys, new Size(512, 512));
    }
    Size resolution = keys.other("resolution", new Size(512, 512), ImageReader::size);
    BucketSettings settings = bucketKeys(keys, resolution);
    if (settings.enabled() && !settings.noUpscale()) {
      requireRange(keys, settings);
    }
    return settings;
  }

  private static BucketSettings bucketKeys(Keys keys, Size resolution) {
    int step = keys.whole("bucket_reso_steps", 8, 1024, BucketSettings.STEP);
    if (step % 8 != 0) {
      keys.mistake("bucket_reso_steps", "%d is no multiple of 8".formatted(step));
    }
    int smallest = keys.whole("min_bucket_reso", 8, MOST_SIDE, BucketSettings.SMALLEST);
    int largest = keys.whole("max_bucket_reso", 8, MOST_SIDE, BucketSettings.LARGEST);
    // sd-scripts rounds the two to whole steps, the one down and the other up.
    return new BucketSettings(
        resolution,
        keys.flag("enable_bucket", false),
        Math.max(step, smallest - smallest % step),
        Math.ceilDiv(largest, step) * step,
        step,
        keys.flag("bucket_no_upscale", false));
  }

  private static void requireRange(Keys keys, BucketSettings settings) {
    Size resolution = settings.resolution();
    int less = Math.min(resolution.width(), resolution.height());
    int more = Math.max(resolution.width(), resolution.height());
    if (less < settings.smallest()) {
      keys.mistake(
          keys.has("min_bucket_reso") ? "min_bucket_reso" : "resolution",
          "the resolution %s is below min_bucket_reso, which is %d"
              .formatted(resolution, settings.smallest()));
    }
    if (more > settings.largest()) {
      keys.mistake(
          keys.has("max_bucket_reso") ? "max_bucket_reso" : "resolution",
          "the resolution %s is above max_bucket_reso, which is %d"
              .formatted(resolution, settings.largest()));
    }
  }

  /// `512`, `"512"`, `"512,768"` or `[512, 768]`: width, then height.
  static Size size(Keys.Place place) {
    Object value = place.table().table().get(List.of(place.key()));
    String text =
        switch (value) {
          case Long side -> side.toString();
          case String both -> both;
          case TomlArray both ->
              String.join(",", both.toList().stream().map(String::valueOf).toList());
          case null, default -> "";
        };
    String[] sides = text.split("\\s*[,x]\\s*", -1);
    if (sides.length > 2 || !text.matches("[0-9]{1,5}(\\s*[,x]\\s*[0-9]{1,5})?")) {
      throw place.error("a whole number or two: 512 or [512, 768]");
    }
    int width = Integer.parseInt(sides[0]);
    int height = Integer.parseInt(sides[sides.length - 1]);
    if (Math.min(width, height) < 8 || Math.max(width, height) > MOST_SIDE) {
      throw place.error("%dx%d is not from 8 to %d".formatted(width, height, MOST_SIDE));
    }
    return new Size(width, height);
  }

  private static ImageSubset subset(Keys keys, Path folder) {
    keys.other("is_reg", false, ImageReader::regularisation);
    CaptionSettings plain = CaptionSettings.DEFAULT;
    CaptionSettings captions =
        new CaptionSettings(
            keys.flag("shuffle_caption", plain.shuffle()),
            keys.whole("keep_tokens", 0, 10_000, plain.keepTokens()),
            keys.text("caption_separator").orElse(plain.separator()),
            keys.textOr("keep_tokens_separator", ""),
            keys.textOr("secondary_separator", ""),
            keys.flag("enable_wildcard", plain.wildcard()),
            keys.textOr("caption_prefix", ""),
            keys.textOr("caption_suffix", ""),
            keys.number("caption_dropout_rate", 0, 1, plain.dropout()),
            keys.whole("caption_dropout_every_n_epochs", 0, 1_000_000, plain.dropEvery()),
            keys.number("caption_tag_dropout_rate", 0, 1, plain.tagDropout()),
            keys.whole("token_warmup_min", 0, 10_000, plain.warmupMin()),
            keys.number("token_warmup_step", 0, 1e9, plain.warmupSteps()));
    return new ImageSubset(
        folder,
        keys.whole("num_repeats", 1, MOST_REPEATS, 1),
        keys.textOr("class_tokens", ""),
        keys.other("caption_extension", ImageSubset.CAPTION_EXTENSION, ImageReader::extension),
        keys.flag("flip_aug", false),
        keys.flag("random_crop", false),
        captions);
  }

  private static boolean regularisation(Keys.Place place) {
    if (place.table().flag(place.key()).orElse(false)) {
      throw place.error("regularisation images are not built; leave them out");
    }
    return false;
  }

  private static String extension(Keys.Place place) {
    String text = place.text();
    if (text.contains("/") || text.contains("\\")) {
      throw place.error("'%s' is no extension".formatted(text));
    }
    return text.startsWith(".") ? text : "." + text;
  }
}
