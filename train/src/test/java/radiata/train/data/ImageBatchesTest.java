package radiata.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// The batches of an epoch.
class ImageBatchesTest {
  private static final BucketSettings BUCKETS =
      new BucketSettings(new Size(64, 64), true, 32, 128, 32, false);

  private static ImageData data(int batchSize, boolean flip) {
    ImageSubset subset =
        new ImageSubset(Path.of("x"), 3, "", ".txt", flip, false, CaptionSettings.DEFAULT);
    List<ImageItem> items = new ArrayList<>();
    Buckets buckets = Buckets.of(BUCKETS);
    for (int i = 0; i < 10; i++) {
      Size size = i < 7 ? new Size(64, 64) : new Size(128, 32);
      items.add(new ImageItem(Path.of(i + ".png"), subset, size, "", buckets.fit(size), 3 * i));
    }
    ImageDataset dataset = new ImageDataset(BUCKETS, batchSize, List.of(subset));
    return new ImageData(List.of(new ImageData.Part(dataset, items)), List.of());
  }

  @Test
  void everyUseComesOnceAndNoBatchMixesBuckets() {
    // 21 and 9 uses: six batches and three, the last of each short.
    ImageBatches batches = new ImageBatches(data(4, false), new Draws(1));
    assertThat(batches.count()).isEqualTo(9);
    List<Integer> numbers = new ArrayList<>();
    for (ImageBatch batch : batches.epoch(1)) {
      assertThat(batch.uses()).hasSizeBetween(1, 4);
      for (ImageUse use : batch.uses()) {
        assertThat(use.item().fit().bucket()).isEqualTo(batch.bucket());
        numbers.add(use.number());
      }
    }
    assertThat(numbers)
        .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 30).boxed().toList());
  }

  @Test
  void anEpochDependsOnSeedAndNumberAlone() {
    ImageBatches batches = new ImageBatches(data(4, true), new Draws(1));
    List<ImageBatch> second = batches.epoch(2);
    batches.epoch(9);
    assertThat(new ImageBatches(data(4, true), new Draws(1)).epoch(2)).isEqualTo(second);
    assertThat(batches.epoch(1)).isNotEqualTo(second);
    assertThat(new ImageBatches(data(4, true), new Draws(2)).epoch(2)).isNotEqualTo(second);
  }

  @Test
  void theOrderOfBucketsChanges() {
    ImageBatches batches = new ImageBatches(data(30, false), new Draws(1));
    Set<Size> first = new HashSet<>();
    for (int epoch = 1; epoch < 20; epoch++) {
      first.add(batches.epoch(epoch).getFirst().bucket());
    }
    assertThat(first).hasSize(2);
  }

  @Test
  void halfOfTheUsesAreMirrorImages() {
    ImageBatches batches = new ImageBatches(data(4, true), new Draws(1));
    long flipped = 0;
    for (int epoch = 1; epoch <= 20; epoch++) {
      flipped +=
          batches.epoch(epoch).stream()
              .flatMap(batch -> batch.uses().stream())
              .filter(ImageUse::flipped)
              .count();
    }
    assertThat(flipped).isBetween(250L, 350L);
    assertThat(new ImageBatches(data(4, false), new Draws(1)).epoch(1))
        .allMatch(batch -> batch.uses().stream().noneMatch(ImageUse::flipped));
  }

  @Test
  void aPictureIsCutFromTheMiddleOrAtRandom() throws IOException {
    Path file = PictureTest.GOLDEN.resolve("chelsea.png");
    Picture whole = Picture.read(file);
    Buckets.Fit fit = new Buckets.Fit(new Size(64, 64), new Size(96, 64), 0);
    Draws draws = new Draws(1);
    Set<Integer> lefts = new HashSet<>();
    for (boolean random : new boolean[] {false, true}) {
      ImageSubset subset =
          new ImageSubset(Path.of(""), 1, "", ".txt", false, random, CaptionSettings.DEFAULT);
      ImageItem item = new ImageItem(file, subset, new Size(96, 64), "", fit, 0);
      lefts.clear();
      for (int epoch = 1; epoch <= (random ? 200 : 1); epoch++) {
        Picture part = item.load(new ImageUse(item, 0, false), draws, epoch);
        lefts.add(left(whole, part));
      }
      assertThat(lefts).contains(random ? 0 : 16).hasSizeGreaterThan(random ? 25 : 0);
      Picture mirror = item.load(new ImageUse(item, 0, true), draws, 1);
      Picture part = item.load(new ImageUse(item, 0, false), draws, 1);
      assertThat(mirror.rgb()).isEqualTo(part.flipped().rgb());
    }
  }

  private static int left(Picture whole, Picture part) {
    for (int left = 0; left <= 32; left++) {
      if (Arrays.equals(whole.cropped(left, 0, part.size()).rgb(), part.rgb())) {
        return left;
      }
    }
    throw new AssertionError("no part of the picture");
  }
}
