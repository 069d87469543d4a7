package radiata.bake;

import java.util.List;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;

/// Tells block-quantised models, whose weights are codes that no delta can be added to.
final class Quantised {
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

  /// @throws BakeException if the model is quantised in blocks
  static void refuse(Checkpoint base) {
    for (Stored stored : base.tensors()) {
      for (String mark : MARKS) {
        if (stored.name().endsWith(mark)) {
          throw new BakeException(
              stored.part().file().path(),
              stored.name(),
              "a block-quantised model (%s): nothing can be baked into its codes; take the unquantised one"
                  .formatted(stored.name()));
        }
      }
    }
  }
}
