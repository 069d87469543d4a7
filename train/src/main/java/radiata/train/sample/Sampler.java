package radiata.train.sample;

import java.util.Arrays;
import java.util.Locale;
import radiata.safetensors.DType;
import radiata.train.engine.Tensor;
import radiata.train.nn.NetworkException;

/// A way from noise to latents in a few steps, none of them random. Steps are spaced evenly from
/// the end and are 1 later than they need be, as the published models' schedulers have it
/// (diffusers `timestep_spacing` "leading", `steps_offset` 1).
public sealed interface Sampler permits Ddim, Euler {
  /// A sampler by its name: `ddim` or `euler`.
  ///
  /// @throws NetworkException if there is none of that name, or it cannot take so many steps
  static Sampler named(String name, NoiseSchedule schedule, int steps) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "ddim" -> new Ddim(schedule, steps);
      case "euler" -> new Euler(schedule, steps);
      default ->
          throw new NetworkException("no sampler \"%s\"; there are ddim and euler".formatted(name));
    };
  }

  /// The step of the schedule at each step of the way.
  long[] timesteps();

  /// What the way starts from.
  ///
  /// @param noise from the normal distribution
  Tensor start(Tensor noise);

  /// What the denoiser is given at a step of the way.
  Tensor input(Tensor x, int step);

  /// Where the step leads.
  ///
  /// @param predicted what the denoiser makes of [#input]
  Tensor next(Tensor x, Tensor predicted, int step);

  /// Steps of a schedule, evenly spaced, last one first.
  ///
  /// @throws NetworkException if there are fewer than 1 or more than the schedule has
  static long[] leading(NoiseSchedule schedule, int steps) {
    if (steps < 1 || steps >= schedule.steps()) {
      throw new NetworkException(
          "a sampler takes from 1 to %d steps, not %d".formatted(schedule.steps() - 1, steps));
    }
    long stride = schedule.steps() / steps;
    long[] all = new long[steps];
    Arrays.setAll(all, i -> (steps - 1 - i) * stride + 1);
    return all;
  }

  /// A number as an operand, rounded as x is.
  static Tensor number(NoiseSchedule schedule, double value, Tensor x) {
    return schedule.torch().full(value, x.dtype() == DType.F64 ? DType.F64 : DType.F32);
  }
}
