package radiata.adapter.dialect;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import radiata.convention.Algorithm;
import radiata.names.Dialect;

/// What PEFT and diffusers keep beside the tensors: ranks, alphas, which modules (PEFT 0.21.0
/// `tuners/lora/config.py`, `loha/config.py`, `lokr/config.py`; diffusers 0.35
/// `loaders/lora_base.py` `_save_lora_adapter_metadata`).
final class AdapterSettings {
  private static final Gson COMPACT = new GsonBuilder().serializeNulls().create();
  private static final Gson PRETTY =
      new GsonBuilder().serializeNulls().setPrettyPrinting().create();

  private record Numbers(int rank, double alpha) {}

  private final Map<String, Numbers> numbers = new TreeMap<>();
  private final List<Layer> layers = new ArrayList<>();
  private final Set<String> saved = new TreeSet<>();
  private final Set<String> dora = new TreeSet<>();
  private final Set<Algorithm> algorithms = new TreeSet<>();
  private boolean turned;
  private boolean biased;
  private boolean kernels;

  /// Takes a layer under its name in the dialect.
  void put(String name, Layer layer) {
    boolean whole = layer.algorithm() == Algorithm.LOKR && layer.rank().isEmpty();
    int rank = whole ? PeftLokr.wholeRank(layer) : layer.rank().orElse(1);
    numbers.put(name, new Numbers(rank, whole ? rank : layer.alpha()));
    layers.add(layer);
    algorithms.add(layer.algorithm());
    kernels |= layer.parts().containsKey("hada_t1") || layer.parts().containsKey("lokr_t2");
    turned |= layer.turned() && !layer.parts().containsKey("lora_embedding_A");
    biased |= layer.parts().containsKey("lora_B.bias");
  }

  void saved(String name) {
    saved.add(name);
  }

  void dora(String name) {
    dora.add(name);
  }

  /// Modules without a magnitude beside others that have one.
  boolean mixesDora() {
    return !dora.isEmpty() && dora.size() < numbers.size();
  }

  /// The text of `adapter_config.json`.
  ///
  /// @throws Unwritable if PEFT cannot build layers of these shapes
  String peft() {
    Algorithm algorithm = algorithms.isEmpty() ? Algorithm.LORA : algorithms.iterator().next();
    JsonObject all = new JsonObject();
    all.addProperty("peft_type", algorithm.id().toUpperCase(Locale.ROOT));
    all.add("task_type", JsonNull.INSTANCE);
    all.add("base_model_name_or_path", JsonNull.INSTANCE);
    all.addProperty("inference_mode", true);
    settings(Dialect.PEFT_PREFIX, algorithm)
        .entrySet()
        .forEach(entry -> all.add(entry.getKey(), entry.getValue()));
    JsonArray whole = new JsonArray();
    saved.forEach(name -> whole.add(stripped(name, Dialect.PEFT_PREFIX)));
    all.add("modules_to_save", whole.isEmpty() ? JsonNull.INSTANCE : whole);
    return PRETTY.toJson(all) + "\n";
  }

  /// The text of `lora_adapter_metadata`: the settings of each component, their keys prefixed.
  ///
  /// CLIP's modules stand in it without their level `text_model`, which transformers 4 has and 5
  /// has not: PEFT takes the ends of names, and diffusers 0.42 takes that level off the tensors
  /// alone.
  String diffusers() {
    Map<String, AdapterSettings> components = new LinkedHashMap<>();
    numbers.forEach((name, one) -> {
      String component = name.substring(0, name.indexOf('.'));
      AdapterSettings of = components.computeIfAbsent(component, key -> new AdapterSettings());
      String path = name.replaceFirst("^(text_encoder\\w*\\.)text_model\\.", "$1");
      of.numbers.put(path, one);
      of.biased |= biased;
      if (dora.contains(name)) {
        of.dora.add(path);
      }
    });
    JsonObject all = new JsonObject();
    components.forEach((component, of) ->
        of.settings(component + ".", Algorithm.LORA)
            .entrySet()
            .forEach(entry -> all.add(component + "." + entry.getKey(), entry.getValue())));
    return COMPACT.toJson(all);
  }

  private JsonObject settings(String prefix, Algorithm algorithm) {
    JsonObject json = new JsonObject();
    Numbers most = mostCommon();
    JsonObject ranks = new JsonObject();
    JsonObject alphas = new JsonObject();
    JsonArray targets = new JsonArray();
    Set<String> ends = ends(numbers.keySet().stream().map(name -> stripped(name, prefix)).toList());
    numbers.forEach((name, one) -> {
      String path = stripped(name, prefix);
      targets.add(path);
      String pattern = ends.contains(path) ? "^" + path : path;
      if (one.rank() != most.rank()) {
        ranks.addProperty(pattern, one.rank());
      }
      if (one.alpha() != most.alpha()) {
        number(alphas, pattern, one.alpha());
      }
    });
    json.addProperty("r", most.rank());
    number(json, algorithm == Algorithm.LORA ? "lora_alpha" : "alpha", most.alpha());
    json.add("rank_pattern", ranks);
    json.add("alpha_pattern", alphas);
    json.add("target_modules", targets);
    if (algorithm == Algorithm.LORA) {
      lora(json);
    } else {
      products(json, algorithm);
    }
    return json;
  }

  /// Paths that are the end of others: a pattern of one would be a pattern of those too, were it
  /// not tied to the start.
  private static Set<String> ends(List<String> paths) {
    Set<String> all = new HashSet<>(paths);
    Set<String> ends = new HashSet<>();
    for (String path : paths) {
      for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
        String end = path.substring(dot + 1);
        if (all.contains(end)) {
          ends.add(end);
        }
      }
    }
    return ends;
  }

  private void lora(JsonObject json) {
    json.addProperty("use_dora", !dora.isEmpty());
    json.addProperty("use_rslora", false);
    json.addProperty("fan_in_fan_out", turned);
    json.addProperty("bias", "none");
    json.addProperty("lora_bias", biased);
    json.addProperty("lora_dropout", 0.0);
    json.addProperty("init_lora_weights", true);
  }

  private void products(JsonObject json, Algorithm algorithm) {
    json.addProperty("rank_dropout", 0.0);
    json.addProperty("module_dropout", 0.0);
    json.addProperty("init_weights", true);
    json.addProperty("use_effective_conv2d", kernels);
    if (algorithm == Algorithm.LOKR) {
      PeftLokr built =
          PeftLokr.of(layers)
              .orElseThrow(() ->
                  new Unwritable(
                      "PEFT builds the factors of LoKr from one decompose_factor, and none gives the shapes of these"));
      json.addProperty("decompose_both", built.both());
      json.addProperty("decompose_factor", built.factor());
    }
  }

  /// Whole numbers as such, as Python writes them.
  private static void number(JsonObject json, String key, double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      json.addProperty(key, (long) value);
    } else {
      json.addProperty(key, value);
    }
  }

  private Numbers mostCommon() {
    Map<Numbers, Integer> counts = new LinkedHashMap<>();
    numbers.values().forEach(one -> counts.merge(one, 1, Integer::sum));
    return counts.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElse(new Numbers(8, 8));
  }

  private static String stripped(String name, String prefix) {
    return name.startsWith(prefix) ? name.substring(prefix.length()) : name;
  }
}
