package radiata.convert.folder;

import java.util.LinkedHashMap;
import java.util.Map;

/// `scheduler/scheduler_config.json`: the schedule that all these models were trained with, and the
/// sampler that each family was published with.
final class SchedulerConfig {
  private SchedulerConfig() {}

  static String className(StableDiffusion family, Prediction prediction) {
    return switch (family) {
      case SD1, SD2 ->
          switch (prediction) {
            case EPSILON -> "PNDMScheduler";
            case V -> "DDIMScheduler";
          };
      case SDXL, REFINER -> "EulerDiscreteScheduler";
    };
  }

  static String text(StableDiffusion family, Prediction prediction, boolean zeroTerminalSnr) {
    String name = className(family, prediction);
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("_class_name", name);
    config.put("_diffusers_version", UnetConfig.version(family));
    config.put("beta_end", PythonJson.number("0.012"));
    config.put("beta_schedule", "scaled_linear");
    config.put("beta_start", PythonJson.number("0.00085"));
    config.put("num_train_timesteps", 1000);
    config.put("prediction_type", prediction.diffusers());
    config.put("steps_offset", 1);
    config.put("trained_betas", null);
    switch (family) {
      case SD1, SD2 -> {
        config.put("set_alpha_to_one", false);
        switch (prediction) {
          case EPSILON -> config.put("skip_prk_steps", true);
          case V -> config.put("clip_sample", false);
        }
      }
      case SDXL, REFINER -> {
        config.put("interpolation_type", "linear");
        config.put("timestep_spacing", "leading");
        config.put("use_karras_sigmas", false);
      }
    }
    if (zeroTerminalSnr && !name.equals("PNDMScheduler")) {
      config.put("rescale_betas_zero_snr", true);
      config.put("timestep_spacing", "trailing");
    }
    return PythonJson.text(config);
  }
}
