package radiata.adapter.file;

import java.io.IOException;
import java.util.Set;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// Decides the algorithm of each module: the first table of [Suffixes#ALGORITHMS] with a mark among
/// its parts.
final class Matcher {
  private final LoraMatcher lora;

  Matcher(TensorFile file, Settings settings) {
    this.lora = new LoraMatcher(file, settings);
  }

  /// @throws AdapterException if the module is incomplete or contradicts itself
  Match match(Group group) throws IOException {
    for (Suffixes.Table table : Suffixes.ALGORITHMS) {
      if (table.knows(group.parts())) {
        return table.algorithm().equals(Algorithm.LORA.id())
            ? lora.match(group)
            : new Match.Known(
                new Unsupported(group.name(), words(table.algorithm(), group), group.tensors()));
      }
    }
    if (group.name().startsWith("base_model.model.")
        && Set.of(Suffixes.WEIGHT, Suffixes.BIAS).containsAll(group.parts())) {
      return new Match.Known(
          new Unsupported(
              group.name(),
              group.part(Suffixes.WEIGHT) == null
                  ? "a trained bias"
                  : "a layer stored whole (modules_to_save)",
              group.tensors()));
    }
    return new Match.Unknown(group.tensors());
  }

  /// LyCORIS 3.3.0 tells Diag-OFT and BOFT apart by the dimensions of `oft_blocks`.
  private static String words(String algorithm, Group group) {
    TensorInfo blocks = group.part("oft_blocks");
    return blocks != null && blocks.shape().rank() == 4 ? "boft" : algorithm;
  }
}
