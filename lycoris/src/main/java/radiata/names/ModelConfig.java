package radiata.names;

import java.util.List;
import java.util.Optional;

/// What of a Hugging Face model's `config.json` decides about names.
///
/// @param modelType `model_type`; empty where it says none
/// @param architectures the classes that saved it
/// @param tied `tie_word_embeddings`; empty where the family's default holds
public record ModelConfig(
    Optional<String> modelType, List<String> architectures, Optional<Boolean> tied) {
  /// A base without a `config.json`, or with one that says nothing of this.
  public static final ModelConfig NONE =
      new ModelConfig(Optional.empty(), List.of(), Optional.empty());

  public ModelConfig {
    architectures = List.copyOf(architectures);
  }
}
