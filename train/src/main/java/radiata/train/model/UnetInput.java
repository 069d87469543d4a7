package radiata.train.model;

import org.jspecify.annotations.Nullable;
import radiata.train.engine.Tensor;

/// What a UNet is given.
///
/// @param sample noisy latents, `[batch, 4, height, width]`
/// @param timesteps `[batch]`
/// @param context the texts, `[batch, tokens, width]`
/// @param pooled SDXL's second text in one vector, `[batch, 1280]`; null for others
/// @param sizes SDXL's `time_ids`: original height and width, crop from the top and the left,
///   target height and width, `[batch, 6]`; null for others
/// @param sinusoid of the timesteps, where it is not to be computed: `[batch, width]`
public record UnetInput(
    Tensor sample,
    Tensor timesteps,
    Tensor context,
    @Nullable Tensor pooled,
    @Nullable Tensor sizes,
    @Nullable Tensor sinusoid) {
  /// Without what only SDXL reads.
  public UnetInput(Tensor sample, Tensor timesteps, Tensor context) {
    this(sample, timesteps, context, null, null, null);
  }
}
