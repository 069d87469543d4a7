package radiata.adapter.file;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// The keys of a file sorted into modules.
///
/// @param groups the modules, in the order of the file
/// @param ignored tensors that belong to no layer, or to an adapter that was not chosen
/// @param unknown tensors without a known suffix
/// @param because what was noticed on the way
record Grouping(
    List<Group> groups, List<TensorInfo> ignored, List<TensorInfo> unknown, List<String> because) {
  /// Module names in underscores, which hold no dot.
  private static final Pattern FLAT =
      Pattern.compile("(?:lora_(?:unet|te\\d*|transformer|prior)|lycoris|oft_(?:unet|te\\d*))_.*");

  private static final Pattern GLUED = Pattern.compile("_lora_(?:up|down|mid)(?:\\.weight)?$");

  private record Placed(Suffixes.Split split, TensorInfo tensor) {}

  /// @param chosen the named adapter to take; null if there is only one
  /// @throws AdapterException for several named adapters without a choice, two tensors for one
  ///   part, a suffix glued to its module
  static Grouping of(TensorFile file, @Nullable String chosen) {
    List<Placed> placed = new ArrayList<>();
    List<TensorInfo> ignored = new ArrayList<>();
    List<TensorInfo> unknown = new ArrayList<>();
    List<String> because = new ArrayList<>();
    boolean control = FluxControl.is(file);
    for (TensorInfo tensor : file.tensors()) {
      String key = tensor.name();
      if (key.startsWith("bundle_emb.")) {
        ignored.add(tensor);
        continue;
      }
      Optional<Suffixes.Split> split =
          control ? FluxControl.split(key).or(() -> Suffixes.split(key)) : Suffixes.split(key);
      refuseGlued(file.path(), key);
      if (split.isPresent()) {
        placed.add(new Placed(split.get(), tensor));
      } else {
        unknown.add(tensor);
      }
    }
    if (!ignored.isEmpty()) {
      because.add("bundle_emb.* are embeddings bundled with the adapter; no layer uses them");
    }
    String adapter = adapter(file.path(), placed, chosen);
    int before = ignored.size();
    Map<String, Group> groups = new LinkedHashMap<>();
    List<Placed> stray = new ArrayList<>();
    for (Placed each : placed) {
      Suffixes.Split split = each.split();
      if (!split.adapter().isEmpty() && !split.adapter().equals(adapter)) {
        ignored.add(each.tensor());
      } else if (split.module().indexOf('.') >= 0 && FLAT.matcher(split.module()).matches()) {
        stray.add(each);
      } else {
        put(file.path(), groups, split.module(), each);
      }
    }
    if (ignored.size() > before) {
      because.add("of the named adapters in the file only \"" + adapter + "\" is taken");
    }
    if (control) {
      because.add(
          "a control adapter of Black Forest Labs for FLUX.1: norms replace the base's, and the"
              + " weights of layers that grow are padded with zeros first");
      groups.values().stream().filter(g -> FluxControl.grows(g.name())).forEach(Group::grow);
    }
    for (Placed each : stray) {
      adopt(file.path(), groups, each, unknown);
    }
    return new Grouping(List.copyOf(groups.values()), ignored, unknown, because);
  }

  private static void put(Path file, Map<String, Group> groups, String module, Placed placed) {
    Group group = groups.computeIfAbsent(module, Group::new);
    TensorInfo twin = group.add(placed.split().part(), placed.tensor());
    if (twin != null) {
      throw new AdapterException(
          file,
          placed.tensor().name(),
          "%s and %s are the same part (%s) of the module %s; keep one of them"
              .formatted(twin.name(), placed.tensor().name(), placed.split().part(), module));
    }
  }

  /// A kohya file that diffusers wrote leaves the magnitude's path half dotted
  /// (`convert_state_dict_to_kohya` renames the factors only): it belongs to the module whose
  /// factors have that path in underscores.
  private static void adopt(
      Path file, Map<String, Group> groups, Placed stray, List<TensorInfo> unknown) {
    String flat = stray.split().module().replace('.', '_');
    if (stray.split().part().equals(Suffixes.LORA_MAGNITUDE_VECTOR) && groups.containsKey(flat)) {
      put(file, groups, flat, stray);
    } else {
      unknown.add(stray.tensor());
    }
  }

  private static void refuseGlued(Path file, String key) {
    if (FLAT.matcher(key).matches() && GLUED.matcher(key).find()) {
      throw new AdapterException(
          file,
          key,
          key
              + " has its suffix glued to the module's name; it should read "
              + key.replaceAll("_(lora_(?:up|down|mid)(?:\\.weight)?)$", ".$1"));
    }
  }

  /// The adapter whose tensors are taken; empty where keys name none.
  private static String adapter(Path file, List<Placed> placed, @Nullable String chosen) {
    Set<String> names = new TreeSet<>();
    for (Placed each : placed) {
      if (!each.split().adapter().isEmpty()) {
        names.add(each.split().adapter());
      }
    }
    if (chosen != null) {
      if (!names.contains(chosen)) {
        throw new AdapterException(
            file,
            null,
            "no adapter is called \"%s\" in this file; %s"
                .formatted(
                    chosen,
                    names.isEmpty()
                        ? "its keys name no adapter, so leave the name out"
                        : "it holds " + String.join(", ", names)));
      }
      return chosen;
    }
    if (names.size() > 1) {
      throw new AdapterException(
          file,
          null,
          "holds several adapters (%s); choose one with --adapter-name"
              .formatted(String.join(", ", names)));
    }
    return names.isEmpty() ? "" : names.iterator().next();
  }
}
