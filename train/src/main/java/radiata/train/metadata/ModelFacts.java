package radiata.train.metadata;

import java.util.Optional;
import radiata.safetensors.Hashes;

/// The model that was trained on.
///
/// @param velocity whether the velocity was predicted
/// @param name of its file, without the folder
/// @param hashes of its file; empty for a folder
/// @param vae another VAE than its own; empty for its own
public record ModelFacts(
    BaseVersion version,
    boolean velocity,
    String name,
    Optional<Hashes> hashes,
    Optional<File> vae) {
  /// A file by name and hashes.
  public record File(String name, Hashes hashes) {}
}
