package radiata.train.model;

import java.io.Closeable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.names.Family;
import radiata.names.NameTable;
import radiata.names.Role;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.train.engine.Torch;
import radiata.train.nn.Layers;
import radiata.train.nn.NetworkException;
import radiata.train.nn.Weights;
import radiata.train.nn.Weights.Place;

/// The networks of a Stable Diffusion 1, 2 or XL checkpoint: of a diffusers folder by its configs,
/// of a single file by its shapes.
///
/// The tensors of a network belong to the scope that is open when it is asked for; they must be
/// gone before this is closed.
public final class DiffusionModel implements Closeable {
  private final Checkpoint checkpoint;
  private final Torch torch;
  private final Family family;
  private final Map<Role, Map<String, List<Place>>> places;
  private final List<Weights> opened = new ArrayList<>();

  private DiffusionModel(Checkpoint checkpoint, Torch torch) {
    this.checkpoint = checkpoint;
    this.torch = torch;
    NameTable table = ComponentPlaces.table(checkpoint);
    this.family = table.family();
    this.places = ComponentPlaces.of(checkpoint, table);
  }

  /// The model in a checkpoint.
  ///
  /// @param checkpoint stays open as long as this, and is closed by whoever opened it
  /// @throws NetworkException if it is no Stable Diffusion 1, 2 or XL
  public static DiffusionModel of(Checkpoint checkpoint, Torch torch) {
    DiffusionModel model = new DiffusionModel(checkpoint, torch);
    if (!model.family.isUnet() || model.family == Family.SDXL_REFINER) {
      throw new NetworkException(
          "%s is a model of the family %s; diffusion models that can be trained are sd1, sd2 and sdxl"
              .formatted(checkpoint.path(), model.family.id()));
    }
    return model;
  }

  public Family family() {
    return family;
  }

  /// The text encoders that the UNet is given the states of, in their order.
  public List<Role> textEncoders() {
    return family == Family.SDXL
        ? List.of(Role.TEXT_ENCODER, Role.TEXT_ENCODER_2)
        : List.of(Role.TEXT_ENCODER);
  }

  public boolean has(Role role) {
    return places.containsKey(role);
  }

  /// The denoiser.
  ///
  /// @throws NetworkException if the model has none, or one that is not built
  public Unet unet(DType dtype) {
    Weights weights = weights(Role.UNET, "unet", dtype);
    UnetConfig config =
        config("unet")
            .map(text -> UnetConfig.parse(text, file("unet")))
            .orElseGet(() -> UnetConfig.of(weights, family));
    return new Unet(new Layers(weights), config);
  }

  /// One of [#textEncoders].
  ///
  /// @throws NetworkException if the model has none, or one that is not built
  public ClipText text(Role role, DType dtype) {
    String component = role == Role.TEXT_ENCODER_2 ? "text_encoder_2" : "text_encoder";
    Weights weights = weights(role, component, dtype);
    boolean second = role == Role.TEXT_ENCODER_2;
    ClipConfig config =
        config(component)
            .map(text -> ClipConfig.parse(text, file(component)))
            .orElseGet(() -> {
              // A file of Stable Diffusion 2 carries the last layer, which it never runs.
              boolean sd2 = family == Family.SD2;
              return ClipConfig.of(weights, second || sd2, sd2 ? 1 : 0);
            });
    return new ClipText(new Layers(weights), config);
  }

  /// The autoencoder.
  ///
  /// @throws NetworkException if the model has none, or one that is not built
  public Vae vae(DType dtype) {
    Weights weights = weights(Role.VAE, "vae", dtype);
    VaeConfig config =
        config("vae")
            .map(text -> VaeConfig.parse(text, file("vae")))
            .orElseGet(() -> VaeConfig.of(weights, family));
    return new Vae(new Layers(weights), config);
  }

  private Optional<String> config(String component) {
    return checkpoint.layout() == Checkpoint.Layout.DIFFUSERS
        ? checkpoint.config(component)
        : Optional.empty();
  }

  private String file(String component) {
    return checkpoint.path().resolve(component).resolve("config.json").toString();
  }

  private Weights weights(Role role, String component, DType dtype) {
    Map<String, List<Place>> of = places.get(role);
    if (of == null) {
      throw new NetworkException("%s has no %s".formatted(checkpoint.path(), component));
    }
    Weights weights = new Weights(torch, of, dtype);
    opened.add(weights);
    return weights;
  }

  @Override
  public void close() {
    opened.forEach(Weights::close);
    opened.clear();
  }
}
