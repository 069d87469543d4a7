package radiata.names;

import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// One module of a family under the names that every other name is derived from.
///
/// @param role the part of the pipeline
/// @param prefix what an LDM checkpoint puts before the part's own names: `model.diffusion_model.`
/// @param ldm the module's path within the part, as the LDM code base has it
/// @param path the module's path within the part, as diffusers and transformers have it; the LDM
///   path again for a module that they split or turn round
/// @param storage how the checkpoint stores it
/// @param biased whether it has a bias
/// @param block its place in kohya's list of 26 block weights
/// @param also other paths for the same module that older programs write
/// @param parts the paths of the modules that diffusers has in its place, in the order of its rows;
///   a single one is the same weight with its halves swapped; empty for a module that both have
public record ModuleNames(
    Role role,
    String prefix,
    String ldm,
    String path,
    Storage storage,
    boolean biased,
    OptionalInt block,
    List<String> also,
    List<String> parts) {
  public ModuleNames {
    also = List.copyOf(also);
    parts = List.copyOf(parts);
  }

  /// A module that both layouts have.
  public ModuleNames(
      Role role,
      String prefix,
      String ldm,
      String path,
      Storage storage,
      boolean biased,
      OptionalInt block,
      List<String> also) {
    this(role, prefix, ldm, path, storage, biased, block, also, List.of());
  }

  /// The weight's tensor in an LDM checkpoint.
  public String checkpointWeight() {
    return prefix + ldm + storage.weight();
  }

  /// The bias's tensor in an LDM checkpoint; null for a module without one.
  public @Nullable String checkpointBias() {
    return biased ? prefix + ldm + storage.bias() : null;
  }

  /// The weight's tensor in the part's diffusers file.
  public String diffusersWeight() {
    return path + ".weight";
  }

  /// The bias's tensor in the part's diffusers file; null for a module without one.
  public @Nullable String diffusersBias() {
    return biased ? path + ".bias" : null;
  }
}
