package radiata.train.adapter;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// Which layers of a network get an adapter, by their module paths: the presets of LyCORIS (3.3.0
/// `config.py`) on the names of diffusers, or patterns.
///
/// @param unet of a UNet
/// @param text of a text encoder
/// @param kernels whether convolutions with kernels above 1x1 are among them
public record Targets(Predicate<String> unet, Predicate<String> text, boolean kernels) {
  private static final String TRANSFORMER = "(^|.*\\.)attentions\\.\\d+\\..*";
  private static final String RESNET = "(^|.*\\.)resnets\\.\\d+\\..*";
  private static final String SAMPLER = "(^|.*\\.)(down|up)samplers\\.\\d+\\..*";
  private static final String ENDS = "conv_in|conv_out";
  private static final String TIME = "time_embedding\\.linear_[12]";
  private static final String ATTENTION = ".*\\.attn[12]\\..*";
  private static final String TEXT = ".*\\.(self_attn|mlp)\\..*";
  private static final String TEXT_ATTENTION = ".*\\.self_attn\\..*";

  private static final Map<String, Targets> PRESETS =
      Map.of(
          "full", of(List.of(TRANSFORMER, RESNET, SAMPLER, ENDS, TIME), List.of(TEXT), true),
          "full-lin", of(List.of(TRANSFORMER, RESNET, TIME), List.of(TEXT), false),
          "attn-mlp", of(List.of(TRANSFORMER), List.of(TEXT), false),
          // On the names of diffusers LyCORIS' own preset finds nothing; this is what it is for.
          "attn-only", of(List.of(ATTENTION), List.of(TEXT_ATTENTION), false),
          "unet-only", of(List.of(TRANSFORMER, RESNET, SAMPLER, ENDS, TIME), List.of(), true),
          "unet-transformer-only", of(List.of(TRANSFORMER), List.of(), false),
          "unet-convblock-only", of(List.of(RESNET, SAMPLER, ENDS), List.of(), true));

  private static Targets of(List<String> unet, List<String> text, boolean kernels) {
    return new Targets(any(unet), any(text), kernels);
  }

  private static Predicate<String> any(Collection<String> patterns) {
    return patterns.isEmpty()
        ? path -> false
        : Pattern.compile(String.join("|", patterns)).asMatchPredicate();
  }

  /// The preset of that name; empty if there is none.
  public static Optional<Targets> preset(String name) {
    return Optional.ofNullable(PRESETS.get(name.toLowerCase(Locale.ROOT)));
  }

  public static List<String> presets() {
    return PRESETS.keySet().stream().sorted().toList();
  }

  /// Layers whose path is one of these, ends with one of them after a dot, or is matched whole by
  /// one as a pattern with `*` and `?`; `all-linear` is every one (PEFT 0.21
  /// `tuners/tuners_utils.py`).
  public static Targets named(Collection<String> names) {
    Predicate<String> any = path -> names.stream().anyMatch(name -> matches(path, name));
    return new Targets(any, any, true);
  }

  private static boolean matches(String path, String name) {
    if (name.equals("all-linear") || path.equals(name) || path.endsWith("." + name)) {
      return !name.equals("all-linear") || !path.equals("lm_head");
    }
    return (name.contains("*") || name.contains("?")) && glob(name).matcher(path).matches();
  }

  private static Pattern glob(String name) {
    StringBuilder pattern = new StringBuilder();
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      pattern.append(
          switch (c) {
            case '*' -> ".*";
            case '?' -> ".";
            default -> Pattern.quote(String.valueOf(c));
          });
    }
    return Pattern.compile(pattern.toString());
  }
}
