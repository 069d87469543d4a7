package radiata.cli.command;

import java.util.Set;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;

/// Recognises textual-inversion embeddings: a handful of matrices as wide as a text encoder, under
/// the names that A1111 (`emb_params`, `clip_l`, `clip_g`), diffusers (`<token>`) and kohya's
/// scripts write.
final class Embeddings {
  private static final Set<String> NAMES = Set.of("emb_params", "clip_l", "clip_g", "t5xxl");
  private static final Set<Long> WIDTHS = Set.of(768L, 1024L, 1280L, 4096L);
  private static final int MOST_TENSORS = 4;

  private Embeddings() {}

  static boolean isEmbedding(Checkpoint model) {
    return !model.tensors().isEmpty()
        && model.tensors().size() <= MOST_TENSORS
        && model.tensors().stream().allMatch(Embeddings::isEmbedding);
  }

  private static boolean isEmbedding(Stored stored) {
    String name = stored.name();
    boolean named =
        NAMES.contains(name)
            || name.startsWith("string_to_param.")
            || name.startsWith("<") && name.endsWith(">");
    int rank = stored.info().shape().rank();
    return named
        && rank >= 1
        && rank <= 2
        && WIDTHS.contains(stored.info().shape().dim(rank - 1));
  }
}
