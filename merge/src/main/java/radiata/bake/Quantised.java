package radiata.bake;

import java.util.List;
import java.util.Optional;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;

/// Tells block-quantised models, whose weights are codes that no delta can be added to.
public final class Quantised {
  /// Ends of the names that stand beside a quantised weight: bitsandbytes, GPTQ, AWQ, HQQ, NVFP4,
  /// and the blocks of DeepSeek.
  private static final List<String> MARKS =
      List.of(
          ".quant_state.bitsandbytes__nf4",
          ".quant_state.bitsandbytes__fp4",
          ".weight.absmax",
          ".weight.quant_map",
          ".qweight",
          ".qzeros",
          ".weight_packed",
          ".weight_scale_2",
          ".weight_scale_inv");

  private Quantised() {}

  /// A tensor that only a model quantised in blocks has; empty for any other model.
  public static Optional<Stored> find(Checkpoint model) {
    return model.tensors().stream()
        .filter(stored -> MARKS.stream().anyMatch(stored.name()::endsWith))
        .findFirst();
  }

  /// @throws BakeException if the model is quantised in blocks
  static void refuse(Checkpoint base) {
    Optional<Stored> mark = find(base);
    if (mark.isPresent()) {
      throw new BakeException(
          mark.get().part().file().path(),
          mark.get().name(),
          "a block-quantised model (%s): nothing can be baked into its codes; take the unquantised one"
              .formatted(mark.get().name()));
    }
  }
}
