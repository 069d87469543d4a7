package radiata.convert.folder;

import java.util.Map;
import java.util.Optional;
import radiata.safetensors.DType;

/// The dtypes that a model can compute in, as configs name them.
public final class TorchNames {
  private static final Map<DType, String> NAMES =
      Map.of(DType.F32, "float32", DType.F16, "float16", DType.BF16, "bfloat16");

  private TorchNames() {}

  public static Optional<String> of(DType dtype) {
    return Optional.ofNullable(NAMES.get(dtype));
  }
}
