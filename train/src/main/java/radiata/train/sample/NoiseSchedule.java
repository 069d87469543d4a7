package radiata.train.sample;

import java.util.Arrays;
import radiata.safetensors.DType;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.ConfigMembers;
import radiata.train.nn.NetworkException;

/// How much of the latents and how much noise there is at each of the steps that a model was
/// trained with (diffusers `scheduling_ddpm.py`): `sqrt(ac) * latents + sqrt(1 - ac) * noise`,
/// where `ac` is the product of all `1 - beta` so far. In float32, as its users have it, unless the
/// latents are float64.
public final class NoiseSchedule {
  private static final int STEPS = 1000;
  private static final double FIRST_BETA = 0.00085;
  private static final double LAST_BETA = 0.012;

  private final Torch torch;
  private final double[] kept;
  // Of the schedule before its last step was made all noise.
  private final double[] ratios;
  private final Prediction prediction;

  private NoiseSchedule(Torch torch, double[] kept, double[] ratios, Prediction prediction) {
    this.torch = torch;
    this.kept = kept;
    this.ratios = ratios;
    this.prediction = prediction;
  }

  /// The schedule of all Stable Diffusion models: the roots of the betas are evenly spaced.
  public static NoiseSchedule scaledLinear(Torch torch, Prediction prediction) {
    return scaledLinear(torch, FIRST_BETA, LAST_BETA, STEPS, prediction);
  }

  /// The schedule that a folder's `scheduler/scheduler_config.json` describes.
  ///
  /// @throws NetworkException if it is one that is not built
  public static NoiseSchedule parse(Torch torch, String text, String file) {
    ConfigMembers config = ConfigMembers.parse(text, file);
    config.only("beta_schedule", "\"scaled_linear\"");
    config.only("trained_betas", "null");
    String predicts = config.text("prediction_type", "epsilon");
    Prediction prediction =
        switch (predicts) {
          case "epsilon" -> Prediction.EPSILON;
          case "v_prediction" -> Prediction.V;
          default ->
              throw new NetworkException(
                  "%s: prediction_type is \"%s\"; only epsilon and v_prediction are trained"
                      .formatted(file, predicts));
        };
    double first = config.number("beta_start", FIRST_BETA);
    double last = config.number("beta_end", LAST_BETA);
    if (!(first > 0 && first <= last && last < 1)) {
      throw new NetworkException(
          "%s: betas from %s to %s are not between 0 and 1".formatted(file, first, last));
    }
    int steps = config.count("num_train_timesteps", STEPS);
    NoiseSchedule schedule = scaledLinear(torch, first, last, steps, prediction);
    return config.flag("rescale_betas_zero_snr", false) ? schedule.zeroTerminal() : schedule;
  }

  private static NoiseSchedule scaledLinear(
      Torch torch, double first, double last, int steps, Prediction prediction) {
    try (Scope _ = Scope.open()) {
      Tensor roots = torch.line(Math.sqrt(first), Math.sqrt(last), steps);
      Tensor kept = roots.square().negative().plus(1).products();
      return of(torch, kept.doubles(), prediction);
    }
  }

  /// A schedule by its products.
  public static NoiseSchedule of(Torch torch, double[] kept, Prediction prediction) {
    double[] ratios = new double[kept.length];
    for (int i = 0; i < kept.length; i++) {
      ratios[i] = kept[i] / (1 - kept[i]);
    }
    return new NoiseSchedule(torch, kept.clone(), ratios, prediction);
  }

  /// The schedule scaled so that its last step is all noise (arXiv 2305.08891). Its ratios of
  /// signal to noise stay those of the original, as in sd-scripts: at the last step there would be
  /// none.
  public NoiseSchedule zeroTerminal() {
    double first = Math.sqrt(kept[0]);
    double last = Math.sqrt(kept[kept.length - 1]);
    double[] scaled = new double[kept.length];
    for (int i = 0; i < kept.length; i++) {
      double root = (Math.sqrt(kept[i]) - last) * first / (first - last);
      scaled[i] = root * root;
    }
    return new NoiseSchedule(torch, scaled, ratios, prediction);
  }

  public Torch torch() {
    return torch;
  }

  public Prediction prediction() {
    return prediction;
  }

  /// The number of steps.
  public int steps() {
    return kept.length;
  }

  /// `ac` of a step.
  public double kept(long step) {
    if (step < 0 || step >= kept.length) {
      throw new NetworkException(
          "step %d of a noise schedule of %d steps".formatted(step, kept.length));
    }
    return kept[(int) step];
  }

  /// The ratio of signal to noise of a step.
  public double ratio(long step) {
    kept(step);
    return ratios[(int) step];
  }

  /// Every product.
  public double[] products() {
    return Arrays.copyOf(kept, kept.length);
  }

  /// Latents with the noise of their steps.
  ///
  /// @param latents `[batch, 4, height, width]`
  /// @param at the step of each sample
  public Tensor noisy(Tensor latents, Tensor noise, long[] at) {
    DType dtype = latents.dtype();
    return signal(at, dtype).times(latents).plus(rest(at, dtype).times(noise));
  }

  /// What the model is to predict.
  public Tensor target(Tensor latents, Tensor noise, long[] at) {
    DType dtype = latents.dtype();
    return switch (prediction) {
      case EPSILON -> noise;
      case V -> signal(at, dtype).times(noise).minus(rest(at, dtype).times(latents));
    };
  }

  /// The min-SNR weight of each sample (arXiv 2303.09556; sd-scripts `apply_snr_weight`).
  public double[] minSnr(double gamma, long[] at) {
    double[] weights = new double[at.length];
    for (int i = 0; i < at.length; i++) {
      double ratio = ratio(at[i]);
      double least = Math.min(ratio, gamma);
      weights[i] =
          switch (prediction) {
            case EPSILON -> least / ratio;
            case V -> least / (ratio + 1);
          };
    }
    return weights;
  }

  /// `sqrt(ac)`, `[batch, 1, 1, 1]`.
  private Tensor signal(long[] at, DType dtype) {
    return column(at, dtype).root();
  }

  /// `sqrt(1 - ac)`.
  private Tensor rest(long[] at, DType dtype) {
    return column(at, dtype).negative().plus(1).root();
  }

  private Tensor column(long[] at, DType dtype) {
    double[] values = Arrays.stream(at).mapToDouble(this::kept).toArray();
    return torch.of(values, values.length, 1, 1, 1).cast(dtype);
  }
}
