package radiata.bake;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import radiata.names.NameTable;
import radiata.names.Tie;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Layout;
import radiata.safetensors.Checkpoint.Stored;

/// What a bake does so that a weight with two names changes under one of them alone: each name gets
/// a tensor, and the configuration says that they are tied no longer.
///
/// @param added the tensors that the base does not have
/// @param config the new text of the base's `config.json`; empty where it stays
record Untying(List<Destination> added, Optional<String> config) {
  /// @param changed the tensors that adapters change
  /// @throws BakeException naming both names, if the base cannot have two tensors
  static Untying of(
      Checkpoint base, NameTable names, Collection<Destination> changed, Path output) {
    List<Destination> added = new ArrayList<>();
    boolean untied = false;
    for (Tie tie : names.ties()) {
      Stored kept = base.tensor("", tie.kept().name()).orElseThrow();
      boolean touched =
          changed.stream().anyMatch(d -> d.source().equals(kept) || d.name().equals(tie.alias()));
      if (!touched) {
        continue;
      }
      require(base, tie, output);
      untied = true;
      if (!tie.stored()) {
        added.add(new Destination(kept, tie.alias()));
      }
    }
    return new Untying(
        added, untied ? base.config("").flatMap(ConfigJson::untied) : Optional.empty());
  }

  private static void require(Checkpoint base, Tie tie, Path output) {
    boolean folder = base.layout() == Layout.HUGGING_FACE;
    boolean file = String.valueOf(output.getFileName()).endsWith(".safetensors");
    if (tie.separable() && folder && !file) {
      return;
    }
    String way =
        folder && file && tie.separable()
            ? "name a folder as the output, whose config.json then says that they are two"
            : tie.separable() || !folder
                ? "give the model's folder with its config.json as the base, so that each can get its"
                    + " own tensor"
                : "leave them out of the adapter";
    throw new BakeException(
        base.path(),
        tie.kept().name(),
        "%s and %s are one tied weight, and a change of one would change the other; %s"
            .formatted(tie.kept().name(), tie.alias(), way));
  }
}
