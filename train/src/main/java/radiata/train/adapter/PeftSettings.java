package radiata.train.adapter;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// PEFT's `adapter_config.json` of an adapter that was trained here (PEFT 0.21 `LoraConfig`): only
/// keys that every version of it knows.
public final class PeftSettings {
  private static final Gson GSON =
      new GsonBuilder().setPrettyPrinting().serializeNulls().disableHtmlEscaping().create();

  private PeftSettings() {}

  /// The text of the file.
  ///
  /// @param base the name of the model's folder
  /// @param flipped whether the model stores its weights `[in, out]`
  public static String text(
      Blueprint blueprint, List<TrainedModule> modules, String base, boolean flipped) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("peft_type", "LORA");
    json.put("task_type", "CAUSAL_LM");
    json.put("base_model_name_or_path", base);
    json.put("r", blueprint.rank());
    json.put("lora_alpha", blueprint.alpha());
    json.put("lora_dropout", 0.0);
    json.put("target_modules", targets(modules));
    json.put("bias", "none");
    json.put("fan_in_fan_out", flipped);
    json.put("init_lora_weights", true);
    json.put("use_dora", blueprint.dora().isPresent());
    json.put("use_rslora", blueprint.rootScale());
    json.put("modules_to_save", null);
    json.put("rank_pattern", Map.of());
    json.put("alpha_pattern", Map.of());
    json.put("layers_to_transform", null);
    json.put("layers_pattern", null);
    json.put("inference_mode", true);
    return GSON.toJson(json) + "\n";
  }

  /// The last parts of the paths, where these name the same layers; else the whole paths.
  private static List<String> targets(List<TrainedModule> modules) {
    TreeSet<String> names = new TreeSet<>();
    modules.forEach(
        module -> names.add(module.path().substring(module.path().lastIndexOf('.') + 1)));
    return List.copyOf(names);
  }
}
