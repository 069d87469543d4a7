package radiata.names;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.Shape;

/// The tensors of a base, collected by the modules of a family's table.
final class Claims {
  private record Claim(BaseTensor tensor, Storage storage) {}

  private final FamilyRules rules;
  private final IdentityHashMap<ModuleNames, Claim> weights = new IdentityHashMap<>();
  private final IdentityHashMap<ModuleNames, Claim> biases = new IdentityHashMap<>();

  Claims(FamilyRules rules) {
    this.rules = rules;
  }

  /// Whether the tensor has a place in the table that no other tensor took before.
  boolean take(BaseTensor tensor, List<FamilyRules.Slot> slots) {
    boolean taken = false;
    for (FamilyRules.Slot slot : slots) {
      Claim claim = new Claim(tensor, slot.storage());
      taken |= (slot.bias() ? biases : weights).putIfAbsent(slot.module(), claim) == null;
    }
    return taken;
  }

  /// Whether a module has a tensor of its own, not rows of one that it shares.
  boolean own(ModuleNames module) {
    Claim claim = weights.get(module);
    return claim != null && !claim.storage().shared();
  }

  /// The modules that have a weight in the base, with their places.
  IdentityHashMap<ModuleNames, Located> located() {
    IdentityHashMap<ModuleNames, Located> located = new IdentityHashMap<>();
    weights.forEach((module, weight) -> {
      Claim bias = biases.get(module);
      Shape shape = weight.tensor().shape();
      located.put(
          module,
          new Located(
              module.path(),
              module.role(),
              module.block(),
              targets(weight, shape),
              bias == null ? List.of() : targets(bias, shape)));
    });
    for (ModuleNames module : rules.modules()) {
      if (!module.parts().isEmpty() && !located.containsKey(module)) {
        Located joined = joined(module);
        if (joined != null) {
          located.put(module, joined);
        }
      }
    }
    return located;
  }

  /// @param weight the shape of the weight, which decides how a bias is cut too
  private static List<Target> targets(Claim claim, Shape weight) {
    BaseTensor tensor = claim.tensor();
    boolean transposed = claim.storage() == Storage.TRANSPOSED;
    return claim.storage().runs(weight).stream()
        .map(run -> new Target(tensor.component(), tensor.name(), run.rows(), transposed, run.of()))
        .toList();
  }

  /// A fused module of a base that stores its parts; null unless all of them are there.
  private @Nullable Located joined(ModuleNames module) {
    List<Claim> parts = new ArrayList<>();
    List<Claim> partBiases = new ArrayList<>();
    for (String path : module.parts()) {
      ModuleNames part = rules.dotted(module.role(), path);
      if (part == null || !own(part)) {
        return null;
      }
      parts.add(weights.get(part));
      Claim bias = biases.get(part);
      if (bias != null) {
        partBiases.add(bias);
      }
    }
    boolean biased = partBiases.size() == parts.size();
    Shape first = parts.getFirst().tensor().shape();
    return new Located(
        module.path(),
        module.role(),
        module.block(),
        joined(parts, first),
        biased ? joined(partBiases, first) : List.of());
  }

  private static List<Target> joined(List<Claim> claims, Shape first) {
    return claims.size() == 1
        ? targets(new Claim(claims.getFirst().tensor(), Storage.SWAPPED), first)
        : stacked(claims);
  }

  private static List<Target> stacked(List<Claim> claims) {
    List<Target> targets = new ArrayList<>();
    long start = 0;
    for (Claim claim : claims) {
      Shape shape = claim.tensor().shape();
      Rows of = new Rows(start, shape.rank() == 0 ? 1 : shape.dim(0));
      targets.add(new Target(claim.tensor().component(), claim.tensor().name(), null, false, of));
      start = of.end();
    }
    return targets;
  }
}
