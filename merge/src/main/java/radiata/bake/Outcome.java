package radiata.bake;

import radiata.safetensors.DType;
import radiata.safetensors.convert.Narrow;

/// What a baked value must not be.
final class Outcome {
  private Outcome() {}

  /// @param value the largest magnitude of a row, or NaN if the row holds one
  /// @throws BakeException for NaN, and for what becomes NaN in the output's dtype
  static void requireNumber(Step.Change step, long row, double value) {
    if (Double.isNaN(value)) {
      throw new BakeException(
          step.source().part().file().path(),
          step.target().name(),
          "the baked %s holds NaN in row %d; look for NaN in the base with 'radiata verify', or use another runtime"
              .formatted(step.target().name(), row));
    }
    if (step.target().dtype() == DType.F8_E4M3 && Narrow.overflows(value, DType.F8_E4M3)) {
      throw new BakeException(
          step.source().part().file().path(),
          step.target().name(),
          "the baked %s reaches %s in row %d, beyond the 448 of F8_E4M3; take --dtype fp8_e5m2 or bf16"
              .formatted(step.target().name(), value, row));
    }
  }
}
