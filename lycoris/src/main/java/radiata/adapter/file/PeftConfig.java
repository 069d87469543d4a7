package radiata.adapter.file;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeSet;

/// What PEFT's settings say about the numbers (PEFT 0.21.0, `config.py` of `tuners/lora`, `loha`,
/// `lokr`), from `adapter_config.json` or from the metadata of a diffusers file.
///
/// @param source the file that holds them
/// @param rank `r`; empty where it is not said
/// @param alpha `lora_alpha`, or `alpha` of LoHa and LoKr; empty where it is not said
/// @param ranks `rank_pattern`
/// @param alphas `alpha_pattern`
/// @param rootScaled `use_rslora`: the scale is alpha over the square root of the rank
/// @param dora `use_dora`
/// @param fanInFanOut the base stores its weights `[in, out]`
/// @param parameters `target_parameters`: ends of the paths of parameters that are adapted by
///   themselves
/// @param bias which biases were trained: `none`, `all`, `lora_only`
record PeftConfig(
    Path source,
    OptionalDouble rank,
    OptionalDouble alpha,
    ModulePatterns ranks,
    ModulePatterns alphas,
    boolean rootScaled,
    boolean dora,
    boolean fanInFanOut,
    List<String> parameters,
    String bias) {
  /// Settings that change the formula, or the layers it acts on.
  private static final Map<String, String> REFUSED =
      Map.ofEntries(
          Map.entry("layer_replication", "several adapter layers share one base layer"),
          Map.entry("alora_invocation_tokens", "it acts on some tokens only and cannot be baked"),
          Map.entry("arrow_config", "it routes between adapters per token and cannot be baked"),
          Map.entry("megatron_config", "Megatron's parallel layers are not supported"),
          Map.entry("trainable_token_indices", "single trained token rows are not supported"),
          Map.entry("use_qalora", "QALoRA is not supported"),
          Map.entry("use_bdlora", "BD-LoRA is not supported"),
          Map.entry("kasa_config", "KaSA is not supported"),
          Map.entry("velora_config", "VeLoRA is not supported"),
          Map.entry("monteclora_config", "MonteCLoRA is not supported"));

  /// The methods whose files are read.
  private static final List<String> TYPES = List.of("LORA", "LOHA", "LOKR");

  /// Initialisations that subtract the adapter's start from the base it was trained on.
  private static final List<String> MOVES_BASE =
      List.of("pissa", "olora", "corda", "loftq", "lora_ga");

  /// @throws AdapterException for settings that are refused, and values of another type
  static PeftConfig of(Path source, JsonObject settings) {
    String type = on(settings.get("peft_type")) ? text(source, settings, "peft_type") : "LORA";
    if (!TYPES.contains(type)) {
      throw new AdapterException(
          source,
          null,
          "peft_type is %s, one of %s was expected".formatted(type, String.join(", ", TYPES)));
    }
    for (Map.Entry<String, String> refused : REFUSED.entrySet()) {
      if (on(settings.get(refused.getKey()))) {
        throw new AdapterException(
            source, null, refused.getKey() + " is set: " + refused.getValue());
      }
    }
    if (settings.get("init_lora_weights") instanceof JsonPrimitive start
        && start.isString()
        && MOVES_BASE.stream().anyMatch(start.getAsString()::startsWith)) {
      throw new AdapterException(
          source,
          null,
          ("init_lora_weights is %s: training changed the base it started from, so on the original "
                  + "base this adapter is wrong; save it converted (PEFT: path_initial_model_for_weight_conversion)")
              .formatted(start.getAsString()));
    }
    return new PeftConfig(
        source,
        number(source, settings, "r"),
        number(source, settings, type.equals("LORA") ? "lora_alpha" : "alpha"),
        ModulePatterns.of(source, settings, "rank_pattern"),
        ModulePatterns.of(source, settings, "alpha_pattern"),
        flag(source, settings, "use_rslora"),
        flag(source, settings, "use_dora"),
        flag(source, settings, "fan_in_fan_out"),
        texts(source, settings, "target_parameters"),
        on(settings.get("bias")) ? text(source, settings, "bias") : "none");
  }

  /// The alpha of a module, by its path in the model that was wrapped.
  OptionalDouble alpha(String path) {
    OptionalDouble own = alphas.of(path);
    return own.isPresent() ? own : alpha;
  }

  /// What a pair on a module is, if the settings name parameters of it.
  ///
  /// @param name the module as the file writes it
  /// @param path the same in the model that was wrapped
  Optional<Wrapped> wrapped(String name, String path) {
    int depth = 0;
    String module = path;
    while (module.endsWith(Wrapped.LEVEL)) {
      module = module.substring(0, module.length() - Wrapped.LEVEL.length());
      depth++;
    }
    List<Wrapped.Candidate> candidates = new ArrayList<>();
    for (String parameter : new TreeSet<>(parameters)) {
      String last = parameter.substring(parameter.lastIndexOf('.') + 1);
      String key = module + "." + last;
      boolean named = candidates.stream().anyMatch(c -> c.parameter().equals(last));
      if (!named && (key.equals(parameter) || key.endsWith("." + parameter))) {
        candidates.add(new Wrapped.Candidate(last, alpha(key)));
      }
    }
    String unwrapped = name.substring(0, name.length() - depth * Wrapped.LEVEL.length());
    return candidates.isEmpty()
        ? Optional.empty()
        : Optional.of(new Wrapped(unwrapped, depth, candidates, rootScaled));
  }

  OptionalDouble rank(String path) {
    OptionalDouble own = ranks.of(path);
    return own.isPresent() ? own : rank;
  }

  /// Whether a setting is more than null, false or empty.
  private static boolean on(JsonElement value) {
    return switch (value) {
      case null -> false;
      case JsonObject object -> !object.isEmpty();
      case JsonArray array -> !array.isEmpty();
      case JsonPrimitive one when one.isBoolean() -> one.getAsBoolean();
      case JsonElement other -> !other.isJsonNull();
    };
  }

  private static String text(Path source, JsonObject settings, String key) {
    if (settings.get(key) instanceof JsonPrimitive one && one.isString()) {
      return one.getAsString();
    }
    throw new AdapterException(source, null, key + " is no text: " + settings.get(key));
  }

  private static List<String> texts(Path source, JsonObject settings, String key) {
    JsonElement value = settings.get(key);
    if (!on(value)) {
      return List.of();
    }
    List<String> texts = new ArrayList<>();
    if (value instanceof JsonArray array) {
      for (JsonElement each : array) {
        if (!(each instanceof JsonPrimitive one && one.isString())
            || each.getAsString().isEmpty()) {
          throw new AdapterException(source, null, key + " holds what is no text: " + each);
        }
        texts.add(each.getAsString());
      }
      return List.copyOf(texts);
    }
    throw new AdapterException(source, null, key + " is no list of texts: " + value);
  }

  private static boolean flag(Path source, JsonObject settings, String key) {
    JsonElement value = settings.get(key);
    if (!on(value)) {
      return false;
    }
    if (value instanceof JsonPrimitive one && one.isBoolean()) {
      return true;
    }
    throw new AdapterException(source, null, key + " is neither true nor false: " + value);
  }

  private static OptionalDouble number(Path source, JsonObject settings, String key) {
    JsonElement value = settings.get(key);
    return value == null || value.isJsonNull()
        ? OptionalDouble.empty()
        : OptionalDouble.of(number(source, key, value));
  }

  static double number(Path source, String key, JsonElement value) {
    if (value instanceof JsonPrimitive one && one.isNumber()) {
      double number = one.getAsDouble();
      if (Double.isFinite(number)) {
        return number;
      }
    }
    throw new AdapterException(source, null, key + " is no finite number: " + value);
  }
}
