package radiata.safetensors.torch;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import radiata.safetensors.torch.Value.Constant;
import radiata.safetensors.torch.Value.Dict;
import radiata.safetensors.torch.Value.Global;
import radiata.safetensors.torch.Value.Int;
import radiata.safetensors.torch.Value.Items;
import radiata.safetensors.torch.Value.Storage;
import radiata.safetensors.torch.Value.Tensor;
import radiata.safetensors.torch.Value.Unreadable;

/// What the calls of a pickle mean, without a call: the functions of `torch._utils` that put a
/// tensor together (PyTorch 2.13, `torch/_utils.py`, `torch/_tensor.py`).
final class Rebuild {
  private static final int MOST_DIMENSIONS = 64;
  private static final String UTILS = "torch._utils";
  private static final Set<String> PARAMETERS =
      Set.of("_rebuild_parameter", "_rebuild_parameter_with_state");

  /// Kinds of tensors that are no plain run of numbers.
  private static final Map<String, String> UNREADABLE =
      Map.of(
          "_rebuild_qtensor",
          "a quantised tensor, whose numbers are codes; save the model unquantised",
          "_rebuild_sparse_tensor",
          "a sparse tensor; save it with to_dense()",
          "_rebuild_sparse_csr_tensor",
          "a sparse tensor; save it with to_dense()",
          "_rebuild_nested_tensor",
          "a nested tensor; save its parts",
          "_rebuild_meta_tensor_no_storage",
          "a tensor on the meta device, which has no data; save the model with its weights loaded",
          "_rebuild_wrapper_subclass",
          "a tensor of a class of its own, such as a quantised one; save plain tensors",
          "_rebuild_device_tensor_from_numpy",
          "a tensor of a foreign device; move it to the CPU and save it again");

  private Rebuild() {}

  static boolean knows(Global global) {
    return switch (global.module()) {
      case UTILS ->
          global.name().startsWith("_rebuild_tensor")
              ? Set.of("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3")
                  .contains(global.name())
              : PARAMETERS.contains(global.name()) || UNREADABLE.containsKey(global.name());
      case "torch" -> global.name().equals("Size");
      default -> false;
    };
  }

  /// What `global(*args)` would make.
  static Value call(Global global, Items args, PickleInput input, HeapBudget budget, long at) {
    if (Globals.isDict(global)) {
      return dict(global, args, input, budget, at);
    }
    if (global.full().equals("torch._tensor._rebuild_from_type_v2")) {
      return fromType(args, input, budget, at);
    }
    if (!knows(global)) {
      return new Value.Opaque(global);
    }
    String because = UNREADABLE.get(global.name());
    if (because != null) {
      return new Unreadable(because);
    }
    if (global.name().equals("Size")) {
      return argument(global, args, 0, Items.class, input, at);
    }
    if (PARAMETERS.contains(global.name())) {
      return argument(global, args, 0, Value.class, input, at);
    }
    return tensor(global, args, input, budget, at);
  }

  /// `_rebuild_from_type_v2(function, type, args, state)`: a tensor with attributes of its own.
  private static Value fromType(Items args, PickleInput input, HeapBudget budget, long at) {
    if (args.size() == 4
        && args.get(0) instanceof Global function
        && args.get(2) instanceof Items inner
        && !function.full().equals("torch._tensor._rebuild_from_type_v2")) {
      return call(function, inner, input, budget, at);
    }
    throw input.broken(at, "_rebuild_from_type_v2 with other arguments than torch writes");
  }

  /// An `OrderedDict()`, or one with a list of pairs, as Python 2 wrote it.
  private static Value dict(
      Global global, Items args, PickleInput input, HeapBudget budget, long at) {
    Dict dict = new Dict();
    if (args.size() == 1 && args.get(0) instanceof Items pairs) {
      budget.take(16L * pairs.size(), at);
      for (Value pair : pairs.items()) {
        if (!(pair instanceof Items both && both.size() == 2)) {
          throw input.broken(at, global.name() + " of something that is no pair");
        }
        dict.keys().add(both.get(0));
        dict.values().add(both.get(1));
      }
    }
    return dict;
  }

  private static Value tensor(
      Global global, Items args, PickleInput input, HeapBudget budget, long at) {
    Storage storage = argument(global, args, 0, Storage.class, input, at);
    long offset = argument(global, args, 1, Int.class, input, at).value();
    Items sizes = argument(global, args, 2, Items.class, input, at);
    Items strides = argument(global, args, 3, Items.class, input, at);
    if (sizes.size() != strides.size() || sizes.size() > MOST_DIMENSIONS) {
      throw input.broken(
          at, "a tensor of %d sizes and %d strides".formatted(sizes.size(), strides.size()));
    }
    budget.take(48L + 16L * sizes.size(), at);
    boolean third = global.name().equals("_rebuild_tensor_v3");
    ElementType type = storage.type();
    if (third) {
      Global dtype = argument(global, args, 6, Global.class, input, at);
      type =
          ElementType.ofDtype(dtype)
              .orElseThrow(() -> input.broken(at, dtype.shown() + " is no dtype that is known"));
    }
    int metadata = third ? 7 : 6;
    if (args.size() > metadata && marked(args.get(metadata))) {
      return new Unreadable(
          "a tensor that is to be conjugated or negated when it is read; save it with resolve_conj() and resolve_neg()");
    }
    return new Tensor(
        storage, type, offset, numbers(sizes, input, at), numbers(strides, input, at));
  }

  private static boolean marked(Value metadata) {
    return metadata instanceof Dict dict && dict.values().contains(Constant.TRUE);
  }

  private static long[] numbers(Items items, PickleInput input, long at) {
    long[] numbers = new long[items.size()];
    for (int i = 0; i < numbers.length; i++) {
      if (!(items.get(i) instanceof Int number)) {
        throw input.broken(
            at, "%s where a size or stride is expected".formatted(items.get(i).what()));
      }
      numbers[i] = number.value();
    }
    return numbers;
  }

  private static <T extends Value> T argument(
      Global global, Items args, int index, Class<T> type, PickleInput input, long at) {
    if (index < args.size() && type.isInstance(args.get(index))) {
      return type.cast(args.get(index));
    }
    List<Value> given = args.items();
    throw input.broken(
        at,
        "argument %d of %s is %s, a %s was expected"
            .formatted(
                index + 1,
                global.name(),
                index < given.size() ? given.get(index).what() : "missing",
                type.getSimpleName().toLowerCase(Locale.ROOT)));
  }
}
