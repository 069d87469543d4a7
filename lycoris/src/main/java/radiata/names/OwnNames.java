package radiata.names;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Modules that no table knows, under the names that the base itself gives them: a tensor's name
/// less `.weight` or `.bias`, or a parameter's whole name.
final class OwnNames {
  /// What a base may put before a part's names, and the part.
  private record Level(String prefix, Role role) {}

  private static final String TEXT_MODEL = "text_model.";

  private static final List<Level> LEVELS =
      List.of(
          new Level("model.diffusion_model.", Role.UNET),
          new Level("diffusion_model.", Role.UNET),
          new Level("unet.", Role.UNET),
          new Level("net.", Role.UNET),
          new Level("text_encoders.clip_l.transformer.", Role.TEXT_ENCODER),
          new Level("text_encoders.clip_g.transformer.", Role.TEXT_ENCODER_2),
          new Level("text_encoders.t5xxl.transformer.", Role.TEXT_ENCODER_3),
          new Level("text_encoder.", Role.TEXT_ENCODER),
          new Level("text_encoder_2.", Role.TEXT_ENCODER_2),
          new Level("text_encoder_3.", Role.TEXT_ENCODER_3),
          new Level("first_stage_model.", Role.VAE),
          new Level("vae.", Role.VAE));

  /// Levels that a model's names have or lack, depending on which class saved it.
  private static final List<String> HEADS =
      Stream.concat(Stream.of(Dialect.PEFT_PREFIX, TEXT_MODEL), LanguageNames.LEVELS.stream())
          .toList();

  /// A text encoder that ComfyUI knows by another name than those above.
  private static final Pattern TEXT_ENCODER =
      Pattern.compile("text_encoders\\.[^.]+\\.(?:transformer\\.)?");

  private final List<Located> modules = new ArrayList<>();
  private final Map<String, List<Located>> dotted = new LinkedHashMap<>();
  private final Map<String, List<Located>> flat = new LinkedHashMap<>();
  private final Map<String, List<Located>> shortDotted = new HashMap<>();
  private final Map<String, List<Located>> shortFlat = new HashMap<>();

  private OwnNames() {}

  static OwnNames of(List<BaseTensor> tensors) {
    OwnNames names = new OwnNames();
    Map<String, BaseTensor> biases = new LinkedHashMap<>();
    for (BaseTensor tensor : tensors) {
      if (ends(tensor.name(), "bias")) {
        biases.put(tensor.component() + "/" + module(tensor.name(), "bias"), tensor);
      }
    }
    List<BaseTensor> parameters = new ArrayList<>();
    for (BaseTensor tensor : tensors) {
      if (ends(tensor.name(), "weight")) {
        String module = module(tensor.name(), "weight");
        names.add(module, tensor, biases.remove(tensor.component() + "/" + module));
      } else if (!ends(tensor.name(), "bias")) {
        parameters.add(tensor);
      }
    }
    parameters.forEach(tensor -> names.add(tensor.name(), tensor, null));
    biases.values().forEach(tensor -> names.add(tensor.name(), tensor, null));
    return names;
  }

  private static boolean ends(String tensor, String kind) {
    return tensor.endsWith("." + kind) || tensor.equals(kind);
  }

  private static String module(String tensor, String kind) {
    return tensor.substring(0, Math.max(0, tensor.length() - kind.length() - 1));
  }

  private void add(String name, BaseTensor weight, @Nullable BaseTensor bias) {
    Role role = role(weight.component());
    String path = name;
    if (role == Role.OTHER) {
      for (Level level : LEVELS) {
        if (name.startsWith(level.prefix())) {
          role = level.role();
          path = name.substring(level.prefix().length());
          break;
        }
      }
      Matcher other = TEXT_ENCODER.matcher(path);
      if (role == Role.OTHER && other.lookingAt()) {
        role = Role.TEXT_ENCODER;
        path = path.substring(other.end());
      }
    }
    Target target = new Target(weight.component(), weight.name(), null, false);
    Target biasTarget =
        bias == null ? null : new Target(bias.component(), bias.name(), null, false);
    Located module = new Located(path, role, OptionalInt.empty(), target, biasTarget);
    modules.add(module);
    put(dotted, name, module);
    put(flat, Spelling.flat(name), module);
    Consumer<String> also =
        spelling -> {
          put(shortDotted, spelling, module);
          put(shortFlat, Spelling.flat(spelling), module);
        };
    Spelling.of(path).stream().filter(spelling -> !spelling.equals(name)).forEach(also);
    if (role.isTextEncoder() && !path.startsWith(TEXT_MODEL)) {
      also.accept(TEXT_MODEL + path);
    }
    String rest = path;
    for (Optional<String> head = head(rest); head.isPresent(); head = head(rest)) {
      rest = rest.substring(head.get().length());
      Spelling.of(rest).forEach(also);
    }
  }

  private static Optional<String> head(String path) {
    return HEADS.stream().filter(path::startsWith).findFirst();
  }

  private static void put(Map<String, List<Located>> index, String name, Located module) {
    index.computeIfAbsent(name, n -> new ArrayList<>(1)).add(module);
  }

  /// The part that a diffusers folder's component is.
  static Role role(String component) {
    return switch (component) {
      case "unet", "transformer" -> Role.UNET;
      case "text_encoder" -> Role.TEXT_ENCODER;
      case "text_encoder_2" -> Role.TEXT_ENCODER_2;
      case "text_encoder_3" -> Role.TEXT_ENCODER_3;
      case "vae" -> Role.VAE;
      default -> Role.OTHER;
    };
  }

  List<Located> modules() {
    return modules;
  }

  /// The modules of that name in those parts: a full name before a shortened one.
  List<Located> find(String name, Set<Role> roles, boolean flattened) {
    List<Located> full = in(flattened ? flat : dotted, name, roles);
    return full.isEmpty() ? in(flattened ? shortFlat : shortDotted, name, roles) : full;
  }

  private static List<Located> in(Map<String, List<Located>> index, String name, Set<Role> roles) {
    return index.getOrDefault(name, List.of()).stream()
        .filter(module -> roles.contains(module.role()))
        .toList();
  }

  /// The names themselves, dotted or flattened.
  Map<String, List<Located>> names(boolean flattened) {
    return flattened ? flat : dotted;
  }
}
