package radiata.adapter.file;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The suffixes of adapter keys: one table per algorithm, from the spelling in a file to the part
/// that the tensor plays. Spellings of up and down that differ only by tool are one part.
///
/// Sources: LyCORIS 3.3.0 `weight_list` of each module class; ComfyUI 0.3.64
/// `comfy/weight_adapter/lora.py`; PEFT 0.21.0 `utils/save_and_load.py`; OneTrainer 23df3832
/// `modules/util/convert/lora`; ai-toolkit 27a03a91 `toolkit/models/DoRA.py`.
final class Suffixes {
  static final String UP = "lora_up";
  static final String DOWN = "lora_down";
  static final String MID = "lora_mid";
  static final String ALPHA = "alpha";
  static final String DORA_SCALE = "dora_scale";
  static final String LORA_MAGNITUDE_VECTOR = "lora_magnitude_vector";
  static final String MAGNITUDE = "magnitude";
  static final String WEIGHT = "weight";
  static final String BIAS = "bias";
  static final String SCALE = "scale";
  static final String RESHAPE = "reshape_weight";

  /// The suffixes of one algorithm.
  ///
  /// @param algorithm its name in words
  /// @param marks the parts by which it is known
  /// @param allMarks whether a module needs every mark, or any one
  /// @param parts from suffix to part
  /// @param recipe how they are read; null where they are not computed
  record Table(
      String algorithm,
      Set<String> marks,
      boolean allMarks,
      Map<String, String> parts,
      @Nullable Recipe recipe) {
    boolean knows(Set<String> present) {
      return allMarks ? present.containsAll(marks) : marks.stream().anyMatch(present::contains);
    }
  }

  /// In the order in which LyCORIS 3.3.0 asks (`lycoris/modules/__init__.py`), the ones it does not
  /// know behind: the first table with a mark in a module names its algorithm.
  static final List<Table> ALGORITHMS =
      List.of(
          new Table(
              "lora",
              Set.of(UP, DOWN, MID),
              false,
              Map.ofEntries(
                  Map.entry("lora_up.weight", UP),
                  Map.entry("lora_down.weight", DOWN),
                  Map.entry("lora_mid.weight", MID),
                  Map.entry("lora.up.weight", UP),
                  Map.entry("lora.down.weight", DOWN),
                  Map.entry("lora_B.weight", UP),
                  Map.entry("lora_A.weight", DOWN),
                  Map.entry("lora_B", UP),
                  Map.entry("lora_A", DOWN),
                  Map.entry("lora_linear_layer.up.weight", UP),
                  Map.entry("lora_linear_layer.down.weight", DOWN)),
              LoraRecipe::read),
          same(
              "loha",
              LohaRecipe::read,
              Set.of("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"),
              "hada_t1",
              "hada_t2"),
          new Table(
              "ia3",
              Set.of("on_input", WEIGHT),
              true,
              Map.of("on_input", "on_input", WEIGHT, WEIGHT),
              OtherRecipes::ia3),
          same(
              "lokr",
              LokrRecipe::read,
              Set.of("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b"),
              "lokr_t1",
              "lokr_t2"),
          same("full", DiffRecipe::full, Set.of("diff", "diff_b")),
          same("norm", DiffRecipe::norm, Set.of("w_norm", "b_norm")),
          same("oft", RotationRecipe::read, Set.of("oft_blocks", "oft_diag"), "rescale"),
          new Table(
              "glora",
              Set.of("a1", "a2", "b1", "b2"),
              true,
              Map.of(
                  "a1.weight",
                  "a1",
                  "a2.weight",
                  "a2",
                  "b1.weight",
                  "b1",
                  "b2.weight",
                  "b2",
                  "bm.weight",
                  "bm"),
              GloraRecipe::read),
          new Table(
              "tlora",
              Set.of("q_layer", "p_layer", "lambda_layer"),
              true,
              Map.of(
                  "q_layer.weight",
                  "q_layer",
                  "p_layer.weight",
                  "p_layer",
                  "lambda_layer",
                  "lambda_layer"),
              OtherRecipes::tlora),
          new Table(
              "oft (OneTrainer)", Set.of("oft_R"), true, Map.of("oft_R.weight", "oft_R"), null),
          same(
              "lora on an embedding",
              LoraRecipe::embedding,
              Set.of("lora_embedding_A", "lora_embedding_B")),
          same("set (a whole weight)", DiffRecipe::set, Set.of("set_weight")),
          same("sparse bias", null, Set.of("bias_indices", "bias_values", "bias_size")));

  /// Parts that several algorithms share, or that change one: an explicit scale (web UI), LoRA on a
  /// bias (PEFT `lora_bias`), a weight to be reshaped first (ComfyUI).
  private static final Map<String, String> SHARED =
      Map.of(
          ALPHA,
          ALPHA,
          DORA_SCALE,
          DORA_SCALE,
          LORA_MAGNITUDE_VECTOR,
          LORA_MAGNITUDE_VECTOR,
          LORA_MAGNITUDE_VECTOR + ".weight",
          LORA_MAGNITUDE_VECTOR,
          MAGNITUDE,
          MAGNITUDE,
          SCALE,
          SCALE,
          "lora_B.bias",
          "lora_B.bias",
          RESHAPE,
          RESHAPE,
          BIAS,
          BIAS);

  /// The names after which PEFT puts the name of the adapter.
  private static final Set<String> NAMED =
      Set.of("lora_A", "lora_B", "lora_embedding_A", "lora_embedding_B", LORA_MAGNITUDE_VECTOR);

  private static final Map<String, String> PARTS = new HashMap<>(SHARED);

  static {
    ALGORITHMS.forEach(table -> PARTS.putAll(table.parts()));
  }

  private static final Map<String, String> WRITTEN = new HashMap<>();

  static {
    // Of several spellings none is the one to write; who writes has to know.
    PARTS.forEach((suffix, part) -> WRITTEN.merge(part, suffix, (one, other) -> ""));
  }

  /// The one suffix that a part is written under.
  ///
  /// @throws IllegalArgumentException for a part of several spellings, or none
  static String written(String part) {
    String suffix = WRITTEN.getOrDefault(part, "");
    if (suffix.isEmpty()) {
      throw new IllegalArgumentException(part + " has no one spelling");
    }
    return suffix;
  }

  /// A key taken apart.
  ///
  /// @param adapter the adapter's name inside the key; empty where there is none
  record Split(String module, String part, String adapter) {}

  private Suffixes() {}

  private static Table same(
      String algorithm, @Nullable Recipe recipe, Set<String> marks, String... others) {
    Map<String, String> parts = new HashMap<>();
    marks.forEach(mark -> parts.put(mark, mark));
    for (String other : others) {
      parts.put(other, other);
    }
    return new Table(algorithm, marks, false, Map.copyOf(parts), recipe);
  }

  /// Splits a key at its longest known suffix. Module names in underscores hold no dot, so for them
  /// this is the first one.
  static Optional<Split> split(String key) {
    int[] dots = lastDots(key);
    for (int dot : dots) {
      if (dot <= 0) {
        continue;
      }
      String module = key.substring(0, dot);
      String suffix = key.substring(dot + 1);
      String part = PARTS.get(suffix);
      if (part != null) {
        return Optional.of(new Split(module, part, ""));
      }
      if (module.endsWith("_lora") && module.length() > "_lora".length()) {
        String old = PARTS.get("lora." + suffix);
        if (old != null) {
          String bare = module.substring(0, module.length() - "_lora".length());
          return Optional.of(new Split(bare, old, ""));
        }
      }
      Optional<Split> named = named(module, suffix);
      if (named.isPresent()) {
        return named;
      }
    }
    return Optional.empty();
  }

  /// `lora_A.NAME.weight`, `lora_A.NAME`, `lora_B.NAME.bias`.
  private static Optional<Split> named(String module, String suffix) {
    int first = suffix.indexOf('.');
    if (first < 0 || !NAMED.contains(suffix.substring(0, first))) {
      return Optional.empty();
    }
    int second = suffix.indexOf('.', first + 1);
    String adapter = suffix.substring(first + 1, second < 0 ? suffix.length() : second);
    String rest = second < 0 ? "" : suffix.substring(second);
    String part = PARTS.get(suffix.substring(0, first) + rest);
    return part == null || adapter.isEmpty()
        ? Optional.empty()
        : Optional.of(new Split(module, part, adapter));
  }

  /// The third, second and first dot from the right; -1 for one that is not there.
  private static int[] lastDots(String key) {
    int one = key.lastIndexOf('.');
    int two = one <= 0 ? -1 : key.lastIndexOf('.', one - 1);
    int three = two <= 0 ? -1 : key.lastIndexOf('.', two - 1);
    return new int[] {three, two, one};
  }
}
