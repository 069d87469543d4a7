package radiata.train.sample;

import radiata.train.engine.Tensor;

/// DDIM without noise of its own (arXiv 2010.02502; diffusers `scheduling_ddim.py` with `eta` 0, no
/// clipping, `set_alpha_to_one` false).
public final class Ddim implements Sampler {
  private final NoiseSchedule schedule;
  private final long[] timesteps;

  public Ddim(NoiseSchedule schedule, int steps) {
    this.schedule = schedule;
    this.timesteps = Sampler.leading(schedule, steps);
  }

  @Override
  public long[] timesteps() {
    return timesteps.clone();
  }

  @Override
  public Tensor start(Tensor noise) {
    return noise;
  }

  @Override
  public Tensor input(Tensor x, int step) {
    return x;
  }

  @Override
  public Tensor next(Tensor x, Tensor predicted, int step) {
    long now = timesteps[step];
    long then = now - schedule.steps() / timesteps.length;
    Tensor signal = signal(now, x);
    Tensor rest = rest(now, x);
    Tensor noise =
        switch (schedule.prediction()) {
          case EPSILON -> predicted;
          case V -> signal.times(predicted).plus(rest.times(x));
        };
    Tensor latents =
        switch (schedule.prediction()) {
          case EPSILON -> x.minus(rest.times(predicted)).over(signal);
          case V -> signal.times(x).minus(rest.times(predicted));
        };
    return signal(then, x).times(latents).plus(rest(then, x).times(noise));
  }

  /// Before the first step of the schedule is the first.
  private Tensor kept(long at, Tensor x) {
    return Sampler.number(schedule, schedule.kept(Math.max(at, 0)), x);
  }

  private Tensor signal(long at, Tensor x) {
    return kept(at, x).root();
  }

  private Tensor rest(long at, Tensor x) {
    return kept(at, x).negative().plus(1).root();
  }
}
