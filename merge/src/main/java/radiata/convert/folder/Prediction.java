package radiata.convert.folder;

/// What a denoiser was trained to predict.
public enum Prediction {
  EPSILON("epsilon"),
  V("v_prediction");

  private final String diffusers;

  Prediction(String diffusers) {
    this.diffusers = diffusers;
  }

  /// Its name in a scheduler's config.
  public String diffusers() {
    return diffusers;
  }
}
