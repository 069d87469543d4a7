package radiata.convert;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import radiata.convert.folder.StableDiffusion;
import radiata.names.Families;
import radiata.names.ModuleNames;

/// The tensors of one family in both layouts, from the rules of [radiata.names].
final class LayoutNames {
  /// A name of an LDM checkpoint that was recognised.
  ///
  /// @param pairs what it stands for: three where it is fused
  /// @param plain whether it holds its tensor as diffusers does: some merges, SSD-1B and Vega put
  ///   transformers' names behind the prefixes of LDM
  record Found(List<Pair> pairs, boolean plain) {}

  private final List<Pair> pairs = new ArrayList<>();
  private final Map<String, Found> ldm = new HashMap<>();
  private final Map<String, Pair> diffusers = new HashMap<>();

  LayoutNames(StableDiffusion family) {
    for (ModuleNames module : Families.modules(family.family())) {
      pairs.add(Pair.weight(module));
      if (module.biased()) {
        pairs.add(Pair.bias(module));
      }
    }
    // The checkpoint's own spelling goes before all others.
    for (Pair pair : pairs) {
      ldm.computeIfAbsent(pair.ldm(), name -> new Found(new ArrayList<>(), false))
          .pairs()
          .add(pair);
      diffusers.put(pair.place(), pair);
    }
    for (Pair pair : pairs) {
      ModuleNames module = pair.module();
      plain(pair, module.path());
      for (String path : module.also()) {
        plain(pair, path);
        diffusers.putIfAbsent(pair.component() + "/" + pair.under(path), pair);
      }
    }
  }

  private void plain(Pair pair, String path) {
    ldm.putIfAbsent(pair.module().prefix() + pair.under(path), new Found(List.of(pair), true));
  }

  /// Every tensor of a complete model, in the order of the rules.
  List<Pair> pairs() {
    return pairs;
  }

  /// What a tensor of an LDM checkpoint stands for; nothing for a name that has no place in it.
  Found ldm(String name) {
    return ldm.getOrDefault(name, new Found(List.of(), false));
  }

  /// What a tensor of a diffusers component stands for; none or one.
  List<Pair> diffusers(String component, String name) {
    Pair pair = diffusers.get(component + "/" + name);
    return pair == null ? List.of() : List.of(pair);
  }
}
