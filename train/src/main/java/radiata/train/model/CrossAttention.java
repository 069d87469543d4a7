package radiata.train.model;

import radiata.safetensors.DType;
import radiata.train.engine.Tensor;
import radiata.train.nn.Layers;
import radiata.train.nn.Projection;

/// Attention to a text, or to itself (diffusers `Attention`).
///
/// @param upcast whether it is computed in float32
record CrossAttention(
    Projection query, Projection key, Projection value, Projection out, int heads, boolean upcast) {
  static CrossAttention at(Layers layers, String path, int heads, boolean upcast) {
    return new CrossAttention(
        layers.linear(path + ".to_q"),
        layers.linear(path + ".to_k"),
        layers.linear(path + ".to_v"),
        layers.linear(path + ".to_out.0"),
        heads,
        upcast);
  }

  /// @param x `[batch, places, width]`
  /// @param context `[batch, tokens, width of texts]`, or `x` itself
  Tensor apply(Tensor x, Tensor context) {
    Tensor q = split(query.apply(x));
    Tensor k = split(key.apply(context));
    Tensor v = split(value.apply(context));
    DType dtype = x.dtype();
    boolean half = dtype == DType.F16 || dtype == DType.BF16;
    Tensor seen =
        upcast && half
            ? q.cast(DType.F32).attend(k.cast(DType.F32), v.cast(DType.F32), false).cast(dtype)
            : q.attend(k, v, false);
    return out.apply(seen.permute(0, 2, 1, 3).reshape(x.size(0), x.size(1), -1));
  }

  /// `[batch, places, heads * width]` as `[batch, heads, places, width]`.
  private Tensor split(Tensor x) {
    return x.reshape(x.size(0), x.size(1), heads, x.size(2) / heads).permute(0, 2, 1, 3);
  }
}
