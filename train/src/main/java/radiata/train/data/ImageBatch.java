package radiata.train.data;

import java.util.List;

/// Pictures that one step looks at together, all of one bucket.
public record ImageBatch(Size bucket, List<ImageUse> uses) {
  public ImageBatch {
    uses = List.copyOf(uses);
  }
}
