package radiata.names;

import java.util.IdentityHashMap;
import java.util.List;

/// The tensors of a base, collected by the modules of a family's table.
final class Claims {
  private final IdentityHashMap<ModuleNames, Target> weights = new IdentityHashMap<>();
  private final IdentityHashMap<ModuleNames, Target> biases = new IdentityHashMap<>();

  /// Whether the tensor has a place in the table that no other tensor took before.
  boolean take(BaseTensor tensor, List<FamilyRules.Slot> slots) {
    boolean taken = false;
    for (FamilyRules.Slot slot : slots) {
      Target target = target(tensor, slot.storage());
      taken |= (slot.bias() ? biases : weights).putIfAbsent(slot.module(), target) == null;
    }
    return taken;
  }

  private static Target target(BaseTensor tensor, Storage storage) {
    Rows rows = tensor.shape().rank() == 0 ? null : storage.of(tensor.shape().dim(0));
    return new Target(tensor.component(), tensor.name(), rows, storage == Storage.TRANSPOSED);
  }

  /// The modules that have a weight in the base, with their places.
  IdentityHashMap<ModuleNames, Located> located() {
    IdentityHashMap<ModuleNames, Located> located = new IdentityHashMap<>();
    weights.forEach((module, weight) ->
        located.put(
            module,
            new Located(module.path(), module.role(), module.block(), weight, biases.get(module))));
    return located;
  }
}
