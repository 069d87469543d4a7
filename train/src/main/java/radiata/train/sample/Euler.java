package radiata.train.sample;

import radiata.train.engine.Tensor;

/// Euler's method on the noise (diffusers `scheduling_euler_discrete.py`): x is latents plus
/// `sigma` times noise.
public final class Euler implements Sampler {
  private final NoiseSchedule schedule;
  private final long[] timesteps;
  private final double[] sigmas;

  public Euler(NoiseSchedule schedule, int steps) {
    this.schedule = schedule;
    this.timesteps = Sampler.leading(schedule, steps);
    this.sigmas = new double[steps + 1];
    for (int i = 0; i < steps; i++) {
      double kept = schedule.kept(timesteps[i]);
      sigmas[i] = Math.sqrt((1 - kept) / kept);
    }
  }

  @Override
  public long[] timesteps() {
    return timesteps.clone();
  }

  /// The noise at each step, and none after the last.
  public double[] sigmas() {
    return sigmas.clone();
  }

  @Override
  public Tensor start(Tensor noise) {
    return noise.times(Sampler.number(schedule, spread(sigmas[0]), noise));
  }

  @Override
  public Tensor input(Tensor x, int step) {
    return x.over(Sampler.number(schedule, spread(sigmas[step]), x));
  }

  private static double spread(double sigma) {
    return Math.sqrt(sigma * sigma + 1);
  }

  @Override
  public Tensor next(Tensor x, Tensor predicted, int step) {
    Tensor noise =
        switch (schedule.prediction()) {
          case EPSILON -> predicted;
          case V -> {
            // With ac = 1 / (sigma^2 + 1).
            double spread = spread(sigmas[step]);
            Tensor signal = Sampler.number(schedule, 1 / spread, x);
            Tensor rest = Sampler.number(schedule, sigmas[step] / spread, x);
            yield signal.times(predicted).plus(rest.times(input(x, step)));
          }
        };
    return x.plus(noise.times(Sampler.number(schedule, sigmas[step + 1] - sigmas[step], x)));
  }
}
