package radiata.train.sample;

/// What a denoiser predicts.
public enum Prediction {
  /// The noise.
  EPSILON,
  /// `sqrt(ac) * noise - sqrt(1 - ac) * latents`.
  V
}
