package radiata.train.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import radiata.train.data.Draws.Purpose;

/// The batches of every epoch. They follow from the seed and the number of the epoch alone.
public final class ImageBatches {
  private final ImageData data;
  private final Draws draws;
  private final int count;

  public ImageBatches(ImageData data, Draws draws) {
    this.data = data;
    this.draws = draws;
    this.count = epoch(1).size();
  }

  /// Batches in an epoch: the last one of each bucket may be short, none mixes buckets.
  public int count() {
    return count;
  }

  /// The batches of an epoch, in their order.
  ///
  /// @param epoch from 1
  public List<ImageBatch> epoch(int epoch) {
    List<ImageBatch> batches = new ArrayList<>();
    int shuffles = 0;
    for (ImageData.Part part : data.parts()) {
      int most = part.dataset().batchSize();
      for (List<ImageUse> uses : byBucket(part, epoch).values()) {
        Draws.shuffle(uses, draws.of(Purpose.ORDER, epoch, ++shuffles));
        for (int i = 0; i < uses.size(); i += most) {
          List<ImageUse> some = uses.subList(i, Math.min(i + most, uses.size()));
          batches.add(new ImageBatch(some.getFirst().item().fit().bucket(), some));
        }
      }
    }
    Draws.shuffle(batches, draws.of(Purpose.ORDER, epoch, 0));
    return batches;
  }

  private Map<Size, List<ImageUse>> byBucket(ImageData.Part part, int epoch) {
    Map<Size, List<ImageUse>> buckets = new TreeMap<>();
    for (ImageItem item : part.items()) {
      for (int i = 0; i < item.subset().repeats(); i++) {
        int number = item.first() + i;
        boolean flipped =
            item.subset().flip() && draws.of(Purpose.FLIP, epoch, number).nextDouble() < 0.5;
        buckets
            .computeIfAbsent(item.fit().bucket(), _ -> new ArrayList<>())
            .add(new ImageUse(item, number, flipped));
      }
    }
    return buckets;
  }
}
