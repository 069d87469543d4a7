package radiata.train.nn;

import radiata.safetensors.DType;
import radiata.train.engine.Tensor;

/// The weight of a norm by the root of the mean square. It is computed in float32 at least, and the
/// weight applied to the result in the dtype of the input.
public record RmsNorm(Tensor weight, double epsilon) {
  public Tensor apply(Tensor x) {
    DType dtype = x.dtype();
    if (dtype != DType.F16 && dtype != DType.BF16) {
      return x.rmsNorm(weight.cast(dtype), epsilon);
    }
    return x.cast(DType.F32).rmsNorm(weight.cast(DType.F32), epsilon).cast(dtype);
  }
}
