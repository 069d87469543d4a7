package radiata.adapter.file;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import radiata.names.Dialect;
import radiata.safetensors.TensorFile;

/// The PEFT settings that speak for a module: those of `adapter_config.json`, or the ones that
/// diffusers puts into the header for each component (`lora_adapter_metadata`: `unet.r`,
/// `unet.lora_alpha`, ...; diffusers 0.35, `loaders/lora_base.py`).
///
/// @param config of `adapter_config.json`; null without one
/// @param components by component, from the header
record Settings(@Nullable PeftConfig config, Map<String, PeftConfig> components) {
  static final String METADATA = AdapterFile.SETTINGS;

  /// A config and the path by which it knows the module.
  record Said(PeftConfig config, String path) {}

  static Settings of(TensorFile file, @Nullable Path configFile) throws IOException {
    PeftConfig config =
        configFile == null ? null : PeftConfig.of(configFile, Json.file(configFile));
    Map<String, JsonObject> sorted = new LinkedHashMap<>();
    String text = file.metadata().get(METADATA);
    if (text != null) {
      for (Map.Entry<String, JsonElement> each :
          Json.object(file.path(), "the metadata " + METADATA, text).entrySet()) {
        int dot = each.getKey().indexOf('.');
        if (dot > 0) {
          sorted
              .computeIfAbsent(each.getKey().substring(0, dot), any -> new JsonObject())
              .add(each.getKey().substring(dot + 1), each.getValue());
        }
      }
    }
    Map<String, PeftConfig> components = new LinkedHashMap<>();
    sorted.forEach((name, json) -> components.put(name, PeftConfig.of(file.path(), json)));
    return new Settings(config, components);
  }

  @Nullable Said about(String module) {
    int at = module.indexOf(Dialect.PEFT_PREFIX);
    if (config != null) {
      return new Said(
          config, at < 0 ? module : module.substring(at + Dialect.PEFT_PREFIX.length()));
    }
    int dot = module.indexOf('.');
    PeftConfig component = dot < 0 ? null : components.get(module.substring(0, dot));
    return component == null ? null : new Said(component, module.substring(dot + 1));
  }
}
