package radiata.train.model;

import org.jspecify.annotations.Nullable;
import radiata.train.engine.Tensor;

/// Encoded texts as a UNet is given them.
///
/// @param context `[batch, tokens, width]`
/// @param pooled SDXL's second text in one vector, `[batch, 1280]`; null for others
public record Texts(Tensor context, @Nullable Tensor pooled) {}
