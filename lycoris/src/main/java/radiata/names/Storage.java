package radiata.names;

import org.jspecify.annotations.Nullable;

/// How an LDM checkpoint stores a module, compared with the diffusers layout.
public enum Storage {
  /// `name.weight`, `name.bias`, as diffusers does.
  PLAIN,
  /// Rows of `name_weight`, `name_bias`: OpenCLIP's `in_proj` holds q, k and v one below the other.
  FUSED_Q,
  FUSED_K,
  FUSED_V,
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
      case PLAIN, POINTWISE -> ".weight";
      case FUSED_Q, FUSED_K, FUSED_V -> "_weight";
      case PARAMETER, TRANSPOSED -> "";
    };
  }

  /// The suffix of the bias's tensor, of a module that has one.
  String bias() {
    return switch (this) {
      case PLAIN, POINTWISE -> ".bias";
      case FUSED_Q, FUSED_K, FUSED_V -> "_bias";
      case PARAMETER, TRANSPOSED -> throw new IllegalStateException("a parameter has no bias");
    };
  }

  /// Whether the tensor is shared with two other modules.
  public boolean fused() {
    return this == FUSED_Q || this == FUSED_K || this == FUSED_V;
  }

  /// Which rows of a tensor of `rows` rows are the module's; null for all.
  @Nullable Rows of(long rows) {
    long third = rows / 3;
    return switch (this) {
      case FUSED_Q -> new Rows(0, third);
      case FUSED_K -> new Rows(third, third);
      case FUSED_V -> new Rows(2 * third, third);
      case PLAIN, PARAMETER, TRANSPOSED, POINTWISE -> null;
    };
  }
}
