package radiata.names;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Finds the tied weights of a language model: transformers' `tie_weights` and the defaults of its
/// configurations.
final class Ties {
  private static final String HEAD = "lm_head.weight";

  /// Classes without a head end otherwise: `LlamaModel`, `LlamaForSequenceClassification`.
  private static final List<String> WITH_HEAD =
      List.of("ForCausalLM", "LMHeadModel", "ForConditionalGeneration");

  private final Family family;
  private final Map<String, BaseTensor> base;
  private final ModelConfig config;

  private Ties(Family family, List<BaseTensor> base, ModelConfig config) {
    this.family = family;
    this.config = config;
    this.base =
        base.stream()
            .filter(tensor -> tensor.component().isEmpty())
            .collect(Collectors.toMap(BaseTensor::name, Function.identity(), (a, b) -> a));
  }

  static List<Tie> of(Family family, List<BaseTensor> base, ModelConfig config) {
    return family.isLanguage() ? new Ties(family, base, config).all() : List.of();
  }

  private List<Tie> all() {
    if (family == Family.T5) {
      return ofT5();
    }
    List<Tie> ties = new ArrayList<>();
    for (String name : inputs()) {
      BaseTensor kept = base.get(name);
      if (kept != null && tied(name)) {
        // Beside names without the level of the class that has the head, a head of its own makes
        // transformers call the file corrupted.
        boolean separable = !headless(name);
        ties.add(new Tie(kept, HEAD, base.containsKey(HEAD), separable));
      }
    }
    return ties;
  }

  private List<String> inputs() {
    return switch (family) {
      case LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA, PHI3 ->
          List.of(
              "model.embed_tokens.weight",
              "embed_tokens.weight",
              "model.language_model.embed_tokens.weight",
              "language_model.model.embed_tokens.weight");
      case GPT2 -> List.of("transformer.wte.weight", "wte.weight");
      case OPT -> List.of("model.decoder.embed_tokens.weight", "decoder.embed_tokens.weight");
      case GPT_NEOX,
          T5,
          BERT,
          SD1,
          SD2,
          SDXL,
          SDXL_REFINER,
          SD3,
          FLUX,
          CHROMA,
          FLUX2,
          Z_IMAGE,
          LUMINA2,
          QWEN_IMAGE,
          WAN,
          HUNYUAN_VIDEO,
          ANIMA,
          GENERIC ->
          List.of();
    };
  }

  private static boolean headless(String name) {
    return name.startsWith("embed_tokens") || name.startsWith("decoder.") || name.startsWith("wte");
  }

  private boolean tied(String name) {
    boolean byDefault = family == Family.GEMMA || family == Family.GPT2 || family == Family.OPT;
    boolean declared = config.tied().orElse(byDefault);
    boolean head = base.containsKey(HEAD);
    if (!config.equals(ModelConfig.NONE)) {
      boolean hasHead =
          config.architectures().isEmpty()
              ? !headless(name)
              : config.architectures().stream()
                  .anyMatch(type -> WITH_HEAD.stream().anyMatch(type::endsWith));
      return declared && hasHead;
    }
    // A file alone: the class with the head saved it, and there is no head of any kind.
    String level = name.substring(0, name.indexOf('.') + 1);
    return !headless(name) && !head && base.keySet().stream().allMatch(n -> n.startsWith(level));
  }

  /// T5 v1.0 scales by the width before a tied head, so that no tensor of its own could take its
  /// place; and its input embeddings are one module under three names.
  private List<Tie> ofT5() {
    Optional<BaseTensor> kept =
        List.of("shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
            .stream()
            .filter(base::containsKey)
            .map(base::get)
            .findFirst();
    List<Tie> ties = new ArrayList<>();
    kept.ifPresent(tensor -> {
      boolean head = config.tied().orElse(!base.containsKey(HEAD));
      boolean decoder = base.keySet().stream().anyMatch(name -> name.startsWith("decoder."));
      for (String alias :
          List.of(
              "shared.weight",
              "encoder.embed_tokens.weight",
              "decoder.embed_tokens.weight",
              HEAD)) {
        boolean counts =
            alias.startsWith("decoder.") ? decoder : !alias.equals(HEAD) || (decoder && head);
        if (!alias.equals(tensor.name()) && counts) {
          ties.add(new Tie(tensor, alias, base.containsKey(alias), false));
        }
      }
    });
    return ties;
  }
}
