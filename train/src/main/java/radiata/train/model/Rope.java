package radiata.train.model;

import radiata.safetensors.DType;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.nn.NetworkException;

/// Rotary positions: token `p` turns the pair `(j, j + width/2)` of a head by `p * theta^(-2j /
/// width)` (transformers 5 `modeling_rope_utils.py`).
///
/// @param scaling how the angles are stretched for longer texts
public record Rope(double theta, Scaling scaling) {
  public static final Rope NONE = new Rope(10000, new Scaling.None());

  /// The angles of longer texts than the model was made for.
  public sealed interface Scaling {
    record None() implements Scaling {}

    /// All positions divided by a factor.
    record Linear(double factor) implements Scaling {}

    /// Low frequencies divided, high ones left, those between blended (Llama 3.1).
    record Llama3(double factor, double low, double high, double original) implements Scaling {}

    /// The frequency that takes the place of another.
    default double of(double frequency) {
      return switch (this) {
        case None() -> frequency;
        case Linear(double factor) -> frequency / factor;
        case Llama3(double factor, double low, double high, double original) -> {
          double wave = 2 * Math.PI / frequency;
          double smooth = (original / wave - low) / (high - low);
          yield wave < original / high
              ? frequency
              : wave > original / low
                  ? frequency / factor
                  : (1 - smooth) * frequency / factor + smooth * frequency;
        }
      };
    }
  }

  /// transformers 5 writes `rope_parameters`, earlier ones `rope_scaling` and a theta beside it.
  static Rope of(ConfigMembers config) {
    ConfigMembers parameters =
        config.members(config.has("rope_parameters") ? "rope_parameters" : "rope_scaling");
    double theta = parameters.number("rope_theta", config.number("rope_theta", 10000));
    String type = parameters.text("rope_type", parameters.text("type", "default"));
    return new Rope(
        theta,
        switch (type) {
          case "default" -> new Scaling.None();
          case "linear" -> new Scaling.Linear(parameters.number("factor", 1));
          case "llama3" ->
              new Scaling.Llama3(
                  parameters.number("factor", 8),
                  parameters.number("low_freq_factor", 1),
                  parameters.number("high_freq_factor", 4),
                  parameters.number("original_max_position_embeddings", 8192));
          default ->
              throw new NetworkException(
                  "%s: rope scaling \"%s\" is not built, only default, linear and llama3"
                      .formatted(config.file(), type));
        });
  }

  /// The cosines and sines of the first positions.
  ///
  /// @param width of a head
  /// @param dtype float32 is computed as transformers does: frequencies and angles in float32
  public Angles angles(Torch torch, int tokens, int width, DType dtype) {
    double[] cos = new double[tokens * width];
    double[] sin = new double[tokens * width];
    for (int j = 0; j < width / 2; j++) {
      double frequency = scaling.of(Math.pow(theta, -2.0 * j / width));
      for (int p = 0; p < tokens; p++) {
        double angle = dtype == DType.F64 ? p * frequency : (float) p * (float) frequency;
        int at = p * width + j;
        cos[at] = cos[at + width / 2] = Math.cos(angle);
        sin[at] = sin[at + width / 2] = Math.sin(angle);
      }
    }
    return new Angles(
        torch.of(cos, tokens, width).cast(dtype), torch.of(sin, tokens, width).cast(dtype));
  }

  /// Of every position and place in a head, `[tokens, width]`.
  public record Angles(Tensor cos, Tensor sin) {
    Tensor turn(Tensor x) {
      return x.rotate(cos.cast(x.dtype()), sin.cast(x.dtype()));
    }
  }
}
