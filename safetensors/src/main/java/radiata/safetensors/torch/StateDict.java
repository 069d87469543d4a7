package radiata.safetensors.torch;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.Limits;
import radiata.safetensors.Quoted;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;
import radiata.safetensors.torch.Value.Dict;
import radiata.safetensors.torch.Value.Items;
import radiata.safetensors.torch.Value.Tensor;
import radiata.safetensors.torch.Value.Text;
import radiata.safetensors.torch.Value.Unreadable;

/// The named tensors of what a file holds: wrappers such as `{"state_dict": {...}}` are taken off,
/// dicts inside are flattened with dots, and everything else is listed as left out.
///
/// @param tensors name to tensor, in the order of the file
/// @param leftOut what is no tensor or was not taken, a phrase each
record StateDict(Map<String, Tensor> tensors, List<String> leftOut) {
  /// Under which keys programs keep the weights, the most trusted first.
  private static final List<String> WRAPPERS =
      List.of("state_dict", "model_state_dict", "model", "module", "params_ema", "params");

  /// What a trainer keeps beside the weights and what may hold tensors itself.
  private static final List<String> TRAINING = List.of("optim", "lr_scheduler", "rng", "random");

  private static final int DEEPEST_WRAPPER = 8;
  private static final int DEEPEST = 16;
  private static final int MOST_LEFT_OUT = 1000;

  /// @throws SafetensorsException if there are no named tensors, or too many, or some that cannot
  ///   be read
  static StateDict of(Path path, Value root, Limits limits) {
    StateDict found = new StateDict(new LinkedHashMap<>(), new ArrayList<>());
    Dict dict = unwrap(path, root, found.leftOut);
    new Walk(path, limits, found).flatten("", dict);
    if (found.tensors.isEmpty()) {
      throw refused(path, null, "it holds no tensor by name" + first(found.leftOut));
    }
    return found;
  }

  private static String first(List<String> leftOut) {
    return leftOut.isEmpty() ? "" : ", only " + leftOut.getFirst();
  }

  /// The last value of a key, as a dict of Python would have it; null where there is none.
  static @Nullable Value last(Dict dict, String key) {
    int place = place(dict, key);
    return place < 0 ? null : dict.values().get(place);
  }

  private static int place(Dict dict, String key) {
    for (int i = dict.keys().size() - 1; i >= 0; i--) {
      if (dict.keys().get(i) instanceof Text name && name.text().equals(key)) {
        return i;
      }
    }
    return -1;
  }

  private static Dict unwrap(Path path, Value root, List<String> leftOut) {
    Value value = root;
    for (int depth = 0; depth < DEEPEST_WRAPPER; depth++) {
      if (!(value instanceof Dict dict)) {
        throw refused(path, null, noDict(value));
      }
      int wrapped = dict.values().stream().anyMatch(Tensor.class::isInstance) ? -1 : wrapped(dict);
      if (wrapped < 0) {
        return dict;
      }
      for (int i = 0; i < dict.keys().size() && leftOut.size() < MOST_LEFT_OUT; i++) {
        if (i != wrapped) {
          leftOut.add(shown("", dict.keys().get(i)) + ": " + dict.values().get(i).what());
        }
      }
      value = dict.values().get(wrapped);
    }
    throw refused(path, null, "more than %d dicts around the weights".formatted(DEEPEST_WRAPPER));
  }

  /// Where the dict of the weights stands in a wrapper; -1 if this is none.
  private static int wrapped(Dict dict) {
    for (String key : WRAPPERS) {
      int place = place(dict, key);
      if (place >= 0 && dict.values().get(place) instanceof Dict inner && !inner.keys().isEmpty()) {
        return place;
      }
    }
    return -1;
  }

  private static String noDict(Value value) {
    return switch (value) {
      case Tensor _ -> "a single tensor without a name; save it in a dict, {\"name\": tensor}";
      case Items items
          when !items.items().isEmpty()
              && items.items().stream().allMatch(Tensor.class::isInstance) ->
          "%s tensors without names (cloneofsimo/lora writes such files); which layer each belongs to lies in the program that wrote it"
              .formatted(items.what());
      case Value.Opaque opaque ->
          "%s, a whole model instead of its weights; load it in Python and save its state_dict"
              .formatted(opaque.what());
      case Value other -> other.what() + ", where a dict of tensors was expected";
    };
  }

  /// Also the bound on how much of a dict that is shared many times is walked.
  private static final class Walk {
    private final Path path;
    private final Limits limits;
    private final StateDict found;
    private final Set<Dict> open = Collections.newSetFromMap(new IdentityHashMap<>());
    private int steps;

    Walk(Path path, Limits limits, StateDict found) {
      this.path = path;
      this.limits = limits;
      this.found = found;
    }

    void flatten(String prefix, Dict dict) {
      if (!open.add(dict)) {
        throw refused(path, null, "a dict that contains itself, at " + Quoted.of(prefix));
      }
      if (open.size() > DEEPEST) {
        throw refused(path, null, "dicts nested more than %d deep".formatted(DEEPEST));
      }
      for (int i = 0; i < dict.keys().size(); i++) {
        Value key = dict.keys().get(i);
        Value value = dict.values().get(i);
        if (++steps > limits.tensors()) {
          throw new SafetensorsException(
              Kind.LIMIT, path, null, "more than %,d entries".formatted(limits.tensors()));
        }
        if (!(key instanceof Text text)) {
          leaveOut(shown(prefix, key) + ": " + value.what());
          continue;
        }
        String name = prefix + text.text();
        switch (value) {
          case Tensor tensor -> add(name, tensor);
          case Dict inner when !isTraining(text.text()) -> flatten(name + ".", inner);
          case Unreadable unreadable -> throw refused(path, name, unreadable.because());
          case Value other -> leaveOut(Quoted.of(name) + ": " + other.what());
        }
      }
      open.remove(dict);
    }

    private void add(String name, Tensor tensor) {
      if (found.tensors.put(name, tensor) != null) {
        throw new SafetensorsException(
            Kind.DUPLICATE_NAME,
            path,
            name,
            "tensor %s stands twice: under one key, or as a key with dots and out of a dict"
                .formatted(Quoted.of(name)));
      }
    }

    private void leaveOut(String what) {
      if (found.leftOut.size() < MOST_LEFT_OUT) {
        found.leftOut.add(what);
      }
    }
  }

  private static boolean isTraining(String key) {
    String lower = key.toLowerCase(Locale.ROOT);
    return TRAINING.stream().anyMatch(lower::contains);
  }

  private static String shown(String prefix, Value key) {
    return switch (key) {
      case Text text -> Quoted.of(prefix + text.text());
      case Value.Int number -> Quoted.of(prefix + number.value());
      case Value other -> Quoted.of(prefix) + "[" + other.what() + "]";
    };
  }

  private static SafetensorsException refused(Path path, @Nullable String name, String what) {
    String of = name == null ? "" : "tensor " + Quoted.of(name) + ": ";
    return new SafetensorsException(Kind.UNSUPPORTED, path, name, of + what);
  }
}
