package radiata.train.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import radiata.safetensors.DType;
import radiata.train.engine.Device;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.nn.NetworkException;

/// The numbers are those of sd-scripts and diffusers.
final class NoiseScheduleTest {
  private final Torch torch = Torch.on(Device.CPU);
  private final NoiseSchedule epsilon = NoiseSchedule.scaledLinear(torch, Prediction.EPSILON);
  private final NoiseSchedule v = NoiseSchedule.scaledLinear(torch, Prediction.V);
  private Scope scope;

  @BeforeEach
  void open() {
    scope = Scope.open();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void hasTheProductsOfTheFloat32Table() {
    assertThat(epsilon.kept(0)).isEqualTo(0.9991499781608582);
    assertThat(epsilon.kept(500)).isEqualTo(0.27633246779441833);
    assertThat(epsilon.kept(999)).isEqualTo(0.00466009508818388);
    assertThat(epsilon.ratio(0)).isCloseTo(1175.44, within(0.05));
    assertThat(epsilon.ratio(500)).isCloseTo(0.38185, within(1e-5));
    assertThat(epsilon.ratio(999)).isCloseTo(0.00468191, within(1e-8));
  }

  @Test
  void aZeroTerminalScheduleEndsInNoiseAndKeepsItsRatios() {
    NoiseSchedule zero = v.zeroTerminal();
    assertThat(zero.kept(999)).isZero();
    assertThat(zero.kept(500)).isCloseTo(0.24102, within(1e-5));
    assertThat(zero.kept(0)).isCloseTo(v.kept(0), within(1e-12));
    assertThat(zero.minSnr(5, new long[] {999})).containsExactly(v.minSnr(5, new long[] {999}));
  }

  @Test
  void weighsStepsOfLittleNoiseDown() {
    long[] at = {0, 500};
    assertThat(epsilon.minSnr(5, at)[0]).isCloseTo(5 / epsilon.ratio(0), within(1e-12));
    assertThat(epsilon.minSnr(5, at)[1]).isEqualTo(1);
    assertThat(v.minSnr(5, at)[0]).isCloseTo(5 / (v.ratio(0) + 1), within(1e-12));
    assertThat(v.minSnr(5, at)[1]).isCloseTo(0.38185 / 1.38185, within(1e-5));
  }

  @Test
  void theTargetAndTheNoisyLatentsGiveBackBothOfTheirParts() {
    Tensor latents = torch.of(new double[] {1, -2}, 2, 1, 1, 1);
    Tensor noise = torch.of(new double[] {0.5, 3}, 2, 1, 1, 1);
    long[] at = {10, 700};
    double[] noisy = v.noisy(latents, noise, at).doubles();
    double[] target = v.target(latents, noise, at).doubles();
    for (int i = 0; i < 2; i++) {
      double signal = Math.sqrt(v.kept(at[i]));
      double rest = Math.sqrt(1 - v.kept(at[i]));
      assertThat(signal * noisy[i] - rest * target[i])
          .isCloseTo(latents.doubles()[i], within(1e-12));
      assertThat(rest * noisy[i] + signal * target[i]).isCloseTo(noise.doubles()[i], within(1e-12));
    }
    assertThat(epsilon.target(latents, noise, at)).isSameAs(noise);
  }

  /// From the exact prediction every sampler goes straight to the latents.
  @Test
  void samplersOfBothPredictionsUndoTheNoiseOfOneStep() {
    for (NoiseSchedule schedule : new NoiseSchedule[] {epsilon, v}) {
      for (String name : new String[] {"ddim", "euler"}) {
        Sampler sampler = Sampler.named(name, schedule, 4);
        Tensor latents = torch.full(0.75, DType.F64, 1, 4, 1, 1);
        Tensor noise = torch.full(-1.25, DType.F64, 1, 4, 1, 1);
        Tensor x = null;
        for (int step = 0; step < 4; step++) {
          long[] at = {sampler.timesteps()[step]};
          Tensor noisy = schedule.noisy(latents, noise, at);
          if (x == null) {
            double kept = schedule.kept(at[0]);
            x = name.equals("euler") ? noisy.times(1 / Math.sqrt(kept)) : noisy;
          }
          assertThat(sampler.input(x, step).doubles()[0])
              .as("%s, step %d", name, step)
              .isCloseTo(noisy.doubles()[0], within(1e-9));
          x = sampler.next(x, schedule.target(latents, noise, at), step);
        }
        double left = name.equals("euler") ? 0 : Math.sqrt(1 - schedule.kept(0));
        double signal = name.equals("euler") ? 1 : Math.sqrt(schedule.kept(0));
        assertThat(x.doubles()[0]).isCloseTo(signal * 0.75 - left * 1.25, within(1e-9));
      }
    }
  }

  @Test
  void refusesStepsThatItDoesNotHaveAndSamplersThatItDoesNotKnow() {
    assertThatThrownBy(() -> epsilon.kept(1000)).isInstanceOf(NetworkException.class);
    assertThatThrownBy(() -> new Ddim(epsilon, 0)).hasMessageContaining("from 1 to 999");
    assertThatThrownBy(() -> new Euler(epsilon, 1000)).hasMessageContaining("not 1000");
    assertThatThrownBy(() -> Sampler.named("dpm", epsilon, 5))
        .hasMessage("no sampler \"dpm\"; there are ddim and euler");
    assertThatThrownBy(
            () -> NoiseSchedule.parse(torch, "{\"beta_schedule\": \"linear\"}", "scheduler.json"))
        .hasMessageContaining("beta_schedule");
    assertThatThrownBy(
            () -> NoiseSchedule.parse(torch, "{\"prediction_type\": \"sample\"}", "scheduler.json"))
        .hasMessageContaining("prediction_type");
  }

  @Test
  void theFirstEulerStepStartsFromTheSpreadOfItsNoise() {
    Euler euler = new Euler(epsilon, 20);
    Tensor one = torch.full(1, DType.F32, 1);
    assertThat(euler.start(one).floats()[0]).isCloseTo(11.0736f, within(1e-4f));
  }
}
