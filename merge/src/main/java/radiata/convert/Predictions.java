package radiata.convert;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import radiata.convert.folder.Prediction;
import radiata.convert.folder.StableDiffusion;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.convert.Widen;

/// Finds out what a model predicts.
final class Predictions {
  /// The key of ModelSpec for what a model predicts: `v` or `epsilon`.
  static final String SPEC = "modelspec.prediction_type";

  private static final Path SCHEDULER = Path.of("scheduler", "scheduler_config.json");
  private static final long LONGEST = 1 << 20;

  /// ComfyUI's way to tell the two kinds of Stable Diffusion 2 apart (`supported_models.py`): the
  /// norm's biases are spread wider where the model predicts v.
  private static final String TELLING =
      "model.diffusion_model.output_blocks.11.1.transformer_blocks.0.norm1.bias";

  private static final double SPREAD = 0.09;
  private static final long MOST = 1 << 16;

  private Predictions() {}

  /// By the user, the metadata, the marks in an SDXL file, the weights of an SD2 file.
  static Predicted ofLdm(Checkpoint input, StableDiffusion family, ConversionRequest request)
      throws IOException {
    boolean ztsnr = input.tensor("", "ztsnr").isPresent();
    if (request.prediction().isPresent()) {
      return new Predicted(request.prediction().get(), ztsnr, "it was given");
    }
    String spec = input.metadata().getOrDefault(SPEC, "");
    if (spec.equals("v") || spec.equals("epsilon")) {
      return new Predicted(
          spec.equals("v") ? Prediction.V : Prediction.EPSILON, ztsnr, "its metadata say so");
    }
    if (input.tensor("", "v_pred").isPresent()) {
      return new Predicted(Prediction.V, ztsnr, "it carries the mark v_pred");
    }
    if (family == StableDiffusion.SD2) {
      Optional<Stored> telling = input.tensor("", TELLING);
      if (telling.isPresent() && telling.get().info().shape().elements() <= MOST) {
        double spread = spread(telling.get());
        return new Predicted(
            spread > SPREAD ? Prediction.V : Prediction.EPSILON,
            ztsnr,
            "the spread of its last norm's biases is %.3f, where ComfyUI draws the line at %s"
                .formatted(spread, SPREAD));
      }
    }
    return new Predicted(Prediction.EPSILON, ztsnr, "nothing in it says otherwise");
  }

  /// The standard deviation of a small tensor; 0 for one of another type than floating.
  private static double spread(Stored stored) throws IOException {
    if (!stored.info().dtype().computable()) {
      return 0;
    }
    byte[] bytes = new byte[Math.toIntExact(stored.info().bytes())];
    stored.part().file().read(stored.info(), 0, MemorySegment.ofArray(bytes));
    double[] values = new double[Math.toIntExact(stored.info().shape().elements())];
    Widen.toDoubles(
        MemorySegment.ofArray(bytes), 0, stored.info().dtype(), values, 0, values.length);
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    double mean = sum / Math.max(1, values.length);
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    return Math.sqrt(squares / Math.max(1, values.length));
  }

  /// By the user, or the folder's scheduler.
  static Predicted ofFolder(Checkpoint input, ConversionRequest request) throws IOException {
    Path config = input.path().resolve(SCHEDULER);
    boolean v = false;
    boolean ztsnr = false;
    if (Files.isRegularFile(config) && Files.size(config) <= LONGEST) {
      try {
        JsonObject json =
            JsonParser.parseString(Files.readString(config, StandardCharsets.UTF_8))
                .getAsJsonObject();
        v = is(json, "prediction_type", Prediction.V.diffusers());
        ztsnr = is(json, "rescale_betas_zero_snr", "true");
      } catch (JsonParseException | IllegalStateException e) {
        throw new ConversionException(
            config, null, "not a valid JSON object; download or copy it again");
      }
    }
    return new Predicted(
        request.prediction().orElse(v ? Prediction.V : Prediction.EPSILON),
        ztsnr,
        request.prediction().isPresent() ? "it was given" : "its scheduler says so");
  }

  private static boolean is(JsonObject json, String key, String value) {
    return json.has(key)
        && json.get(key).isJsonPrimitive()
        && json.get(key).getAsString().equals(value);
  }
}
