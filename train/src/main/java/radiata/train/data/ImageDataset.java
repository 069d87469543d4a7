package radiata.train.data;

import java.util.List;

/// Folders whose pictures share their buckets and their batches.
public record ImageDataset(BucketSettings buckets, int batchSize, List<ImageSubset> subsets) {
  public ImageDataset {
    subsets = List.copyOf(subsets);
  }
}
