package radiata.train.model;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.names.BaseTensor;
import radiata.names.Located;
import radiata.names.NameTable;
import radiata.names.Role;
import radiata.names.Target;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.train.nn.Weights.Place;

/// Where the weights of every part of a Stable Diffusion model lie, by the names of diffusers and
/// transformers, whichever layout the checkpoint has.
final class ComponentPlaces {
  private static final String TEXT_MODEL = "text_model.";

  private static final Map<String, Role> FOLDERS =
      Map.of(
          "unet", Role.UNET,
          "text_encoder", Role.TEXT_ENCODER,
          "text_encoder_2", Role.TEXT_ENCODER_2,
          "vae", Role.VAE);

  /// What an autoencoder's attention was called before diffusers 0.12.
  private static final Map<String, String> OLD_ATTENTION =
      Map.of(
          ".query.", ".to_q.",
          ".key.", ".to_k.",
          ".value.", ".to_v.",
          ".proj_attn.", ".to_out.0.");

  private final Map<Role, Map<String, List<Place>>> places = new EnumMap<>(Role.class);

  private ComponentPlaces() {}

  static Map<Role, Map<String, List<Place>>> of(Checkpoint checkpoint, NameTable table) {
    ComponentPlaces all = new ComponentPlaces();
    if (checkpoint.layout() == Checkpoint.Layout.DIFFUSERS) {
      all.folder(checkpoint);
    } else {
      all.file(checkpoint, table);
    }
    return all.places;
  }

  static NameTable table(Checkpoint checkpoint) {
    return NameTable.of(BaseTensor.of(checkpoint));
  }

  private void put(Role role, String name, List<Place> where) {
    places.computeIfAbsent(role, r -> new HashMap<>()).put(name, where);
  }

  private void folder(Checkpoint checkpoint) {
    for (Stored stored : checkpoint.tensors()) {
      Role role = FOLDERS.get(stored.component());
      if (role != null) {
        put(role, modern(role, stored.name()), List.of(Place.whole(stored)));
      }
    }
  }

  /// Some versions of transformers leave the level `text_model` out.
  private static String modern(Role role, String name) {
    if (role.isTextEncoder()) {
      boolean whole = name.startsWith(TEXT_MODEL) || name.startsWith("text_projection");
      return whole ? name : TEXT_MODEL + name;
    }
    if (role == Role.VAE && name.contains(".attentions.")) {
      for (Map.Entry<String, String> old : OLD_ATTENTION.entrySet()) {
        if (name.contains(old.getKey())) {
          return name.replace(old.getKey(), old.getValue());
        }
      }
    }
    return name;
  }

  private void file(Checkpoint checkpoint, NameTable table) {
    for (Located module : table.modules()) {
      put(module.role(), module.path() + ".weight", places(checkpoint, module.weights()));
      if (!module.biases().isEmpty()) {
        put(module.role(), module.path() + ".bias", places(checkpoint, module.biases()));
      }
    }
  }

  private static List<Place> places(Checkpoint checkpoint, List<Target> targets) {
    List<Place> all = new ArrayList<>();
    for (Target target : targets) {
      Optional<Stored> stored = checkpoint.tensor(target.component(), target.tensor());
      all.add(
          new Place(
              stored.orElseThrow(() -> new IllegalStateException(target.place())),
              target.rows(),
              target.transposed()));
    }
    return all;
  }
}
