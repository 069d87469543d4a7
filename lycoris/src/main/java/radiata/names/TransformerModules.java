package radiata.names;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// Collects the modules of a diffusion transformer whose own code fuses what diffusers splits.
final class TransformerModules {
  private static final String PREFIX = "model.diffusion_model.";
  private static final List<Storage> QKV = List.of(Storage.QKV_Q, Storage.QKV_K, Storage.QKV_V);
  private static final List<Storage> LINEAR1 =
      List.of(Storage.LINEAR1_Q, Storage.LINEAR1_K, Storage.LINEAR1_V, Storage.LINEAR1_MLP);

  private final boolean biased;
  private final List<ModuleNames> modules = new ArrayList<>();

  /// @param biased whether the linear layers have biases
  TransformerModules(boolean biased) {
    this.biased = biased;
  }

  List<ModuleNames> all() {
    return modules;
  }

  /// A layer that both have, under two names.
  void layer(String own, String diffusers, String... also) {
    add(own, diffusers, Storage.PLAIN, biased, List.of(also), List.of());
  }

  /// A layer that both have under one name.
  void layer(String name) {
    layer(name, name);
  }

  /// A norm without a bias, and how the own code stores its scale.
  void norm(String own, String diffusers, Storage storage, String... also) {
    add(own, diffusers, storage, false, List.of(also), List.of());
  }

  /// A parameter that is a tensor of its own name.
  void parameter(String own, String diffusers) {
    add(own, diffusers, Storage.PARAMETER, false, List.of(), List.of());
  }

  /// An attention's `qkv` and the three layers that diffusers has for it, named after `at`.
  void qkv(String own, String at, List<String> names, String... also) {
    fused(own, names.stream().map(name -> at + name).toList(), QKV, List.of(also));
  }

  /// A single block's `linear1`: q, k, v and the first layer of the MLP.
  void linear1(String own, List<String> parts) {
    fused(own, parts, LINEAR1, List.of());
  }

  private void fused(String own, List<String> parts, List<Storage> storages, List<String> also) {
    for (int i = 0; i < parts.size(); i++) {
      add(own, parts.get(i), storages.get(i), biased, List.of(), List.of());
    }
    add(own, own, Storage.PLAIN, biased, also, parts);
  }

  /// The modulation of a last layer, whose halves stand the other way round in diffusers.
  void swapped(String own, String diffusers) {
    add(own, diffusers, Storage.SWAPPED, biased, List.of(), List.of());
    add(own, own, Storage.PLAIN, biased, List.of(), List.of(diffusers));
  }

  private void add(
      String own,
      String path,
      Storage storage,
      boolean hasBias,
      List<String> also,
      List<String> parts) {
    modules.add(
        new ModuleNames(
            Role.UNET, PREFIX, own, path, storage, hasBias, OptionalInt.empty(), also, parts));
  }
}
