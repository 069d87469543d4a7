package radiata.train.sample;

import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import radiata.train.engine.Gradients;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.model.Texts;
import radiata.train.model.Unet;
import radiata.train.model.UnetInput;

/// Makes latents out of noise.
///
/// @param guidance how far to go from what the negative text leads to past what the text leads to
///   (classifier-free guidance, arXiv 2207.12598); 1 for the text alone
/// @param sizes SDXL's `time_ids`, `[batch, 6]`; null for others
public record Sampling(Unet unet, Sampler sampler, double guidance, @Nullable Tensor sizes) {
  /// Goes the whole way.
  ///
  /// @param noise from the normal distribution, `[batch, 4, height, width]`
  /// @param watch is told what each step leads to
  public Tensor run(Tensor noise, Texts text, Texts negative, BiConsumer<Integer, Tensor> watch) {
    try (Gradients.Pause _ = Gradients.pause();
        Scope all = Scope.open()) {
      Tensor x = sampler.start(noise);
      long[] timesteps = sampler.timesteps();
      for (int i = 0; i < timesteps.length; i++) {
        try (Scope step = Scope.open()) {
          Tensor input = sampler.input(x, i);
          Tensor predicted = predict(input, timesteps[i], text, negative).cast(x.dtype());
          x = step.keep(sampler.next(x, predicted, i));
          watch.accept(i, x);
        }
      }
      return all.keep(x);
    }
  }

  private Tensor predict(Tensor x, long timestep, Texts text, Texts negative) {
    if (guidance == 1) {
      return denoise(x, timestep, text, sizes);
    }
    long batch = x.size(0);
    Tensor both =
        denoise(
            twice(x, x),
            timestep,
            new Texts(
                twice(negative.context(), text.context()),
                text.pooled() == null || negative.pooled() == null
                    ? null
                    : twice(negative.pooled(), text.pooled())),
            sizes == null ? null : twice(sizes, sizes));
    Tensor without = both.slice(0, 0, batch);
    Tensor with = both.slice(0, batch, 2 * batch);
    return without.plus(with.minus(without).times(guidance));
  }

  private static Tensor twice(Tensor first, Tensor second) {
    return Tensor.cat(0, List.of(first, second));
  }

  private Tensor denoise(Tensor x, long timestep, Texts text, @Nullable Tensor ids) {
    long[] timesteps = new long[Math.toIntExact(x.size(0))];
    Arrays.fill(timesteps, timestep);
    Tensor at = unet.layers().weights().torch().of(timesteps, timesteps.length);
    return unet.forward(
        new UnetInput(x, at, text.context(), text.pooled(), ids, null),
        Segments.PLAIN,
        Unet.UNWATCHED);
  }
}
