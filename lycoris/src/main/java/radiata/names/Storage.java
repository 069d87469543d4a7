package radiata.names;

import java.util.List;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.Shape;

/// How the tensor under a module's checkpoint name holds the module, compared with the diffusers
/// layout.
public enum Storage {
  /// `name.weight`, `name.bias`, as diffusers does.
  PLAIN,
  /// Rows of `name_weight`, `name_bias`: OpenCLIP's `in_proj` holds q, k and v one below the other.
  FUSED_Q,
  FUSED_K,
  FUSED_V,
  /// Thirds of the rows of `name.weight`, `name.bias`: the `qkv` of FLUX, SD3 and Z-Image.
  QKV_Q,
  QKV_K,
  QKV_V,
  /// Rows of FLUX's `linear1`: q, k and v as wide as the input, and the rest the MLP's.
  LINEAR1_Q,
  LINEAR1_K,
  LINEAR1_V,
  LINEAR1_MLP,
  /// All rows of `name.weight`, `name.bias`, the second half first: the modulation of a last layer
  /// is (shift, scale) to one program and (scale, shift) to the other.
  SWAPPED,
  /// A parameter `name` without a suffix, where diffusers has `name.weight`.
  PARAMETER,
  /// A parameter `name` stored `[in, out]`, where diffusers has `name.weight` as `[out, in]`.
  TRANSPOSED,
  /// `name.weight` as a 1×1 convolution `[out, in, 1, 1]`, where diffusers has a linear `[out,
  /// in]`.
  POINTWISE;

  /// The suffix of the weight's tensor.
  String weight() {
    return switch (this) {
      case PLAIN,
          POINTWISE,
          QKV_Q,
          QKV_K,
          QKV_V,
          LINEAR1_Q,
          LINEAR1_K,
          LINEAR1_V,
          LINEAR1_MLP,
          SWAPPED ->
          ".weight";
      case FUSED_Q, FUSED_K, FUSED_V -> "_weight";
      case PARAMETER, TRANSPOSED -> "";
    };
  }

  /// The suffix of the bias's tensor, of a module that has one.
  String bias() {
    return switch (weight()) {
      case ".weight" -> ".bias";
      case "_weight" -> "_bias";
      default -> throw new IllegalStateException("a parameter has no bias");
    };
  }

  /// Whether the tensor under that name is another module's, or several modules' together.
  public boolean shared() {
    return switch (this) {
      case FUSED_Q,
          FUSED_K,
          FUSED_V,
          QKV_Q,
          QKV_K,
          QKV_V,
          LINEAR1_Q,
          LINEAR1_K,
          LINEAR1_V,
          LINEAR1_MLP,
          SWAPPED ->
          true;
      case PLAIN, PARAMETER, TRANSPOSED, POINTWISE -> false;
    };
  }

  /// The shape of a shared weight whose modules are `width` wide.
  Shape sharedShape(long width) {
    return switch (this) {
      case FUSED_Q, FUSED_K, FUSED_V, QKV_Q, QKV_K, QKV_V -> Shape.of(3 * width, width);
      case LINEAR1_Q, LINEAR1_K, LINEAR1_V, LINEAR1_MLP -> Shape.of(7 * width, width);
      case SWAPPED -> Shape.of(2 * width, width);
      case PLAIN, PARAMETER, TRANSPOSED, POINTWISE -> Shape.SCALAR;
    };
  }

  /// A run of a tensor's rows and the module's rows that it holds; null for all of them.
  record Run(@Nullable Rows rows, @Nullable Rows of) {}

  private static final Run ALL = new Run(null, null);

  /// Where the module's rows are in a weight of that shape, or in the bias that goes with it, in
  /// the module's order.
  List<Run> runs(Shape weight) {
    if (weight.rank() == 0) {
      return List.of(ALL);
    }
    long rows = weight.dim(0);
    long third = rows / 3;
    long width = weight.rank() > 1 ? weight.dim(1) : rows / 7;
    return switch (this) {
      case FUSED_Q, QKV_Q -> run(0, third);
      case FUSED_K, QKV_K -> run(third, third);
      case FUSED_V, QKV_V -> run(2 * third, third);
      case LINEAR1_Q -> run(0, width);
      case LINEAR1_K -> run(width, width);
      case LINEAR1_V -> run(2 * width, width);
      case LINEAR1_MLP -> run(3 * width, Math.max(0, rows - 3 * width));
      case SWAPPED -> {
        Rows first = new Rows(0, rows / 2);
        Rows second = new Rows(rows / 2, rows / 2);
        yield List.of(new Run(second, first), new Run(first, second));
      }
      case PLAIN, PARAMETER, TRANSPOSED, POINTWISE -> List.of(ALL);
    };
  }

  private static List<Run> run(long start, long count) {
    return List.of(new Run(new Rows(start, count), null));
  }
}
