package radiata.convert;

import java.util.List;
import java.util.Objects;
import radiata.names.ModuleNames;
import radiata.names.Role;
import radiata.names.Storage;

/// The weight or the bias of a module under both of its names.
///
/// @param ldm the tensor of an LDM checkpoint, which q, k and v of OpenCLIP share
/// @param component the folder of a pipeline that has the module
/// @param diffusers the tensor in it
record Pair(ModuleNames module, boolean bias, String ldm, String component, String diffusers) {
  private static final List<Storage> THIRDS =
      List.of(Storage.FUSED_Q, Storage.FUSED_K, Storage.FUSED_V);

  static Pair weight(ModuleNames module) {
    return new Pair(
        module, false, module.checkpointWeight(), part(module), module.diffusersWeight());
  }

  static Pair bias(ModuleNames module) {
    String ldm = Objects.requireNonNull(module.checkpointBias());
    return new Pair(
        module, true, ldm, part(module), Objects.requireNonNull(module.diffusersBias()));
  }

  private static String part(ModuleNames module) {
    return switch (module.role()) {
      case UNET -> "unet";
      case TEXT_ENCODER -> "text_encoder";
      case TEXT_ENCODER_2 -> "text_encoder_2";
      case TEXT_ENCODER_3 -> "text_encoder_3";
      case VAE -> "vae";
      case OTHER -> "";
    };
  }

  Role role() {
    return module.role();
  }

  /// The name that an older path of the module gives this tensor.
  String under(String path) {
    return path + (bias ? ".bias" : ".weight");
  }

  /// Which third of the checkpoint's rows this is: 0, 1, 2, or -1 for all of them.
  int third() {
    return THIRDS.indexOf(module.storage());
  }

  boolean transposed() {
    return module.storage() == Storage.TRANSPOSED;
  }

  /// Whether the checkpoint has a 1×1 convolution where diffusers has a matrix.
  boolean pointwise() {
    return module.storage() == Storage.POINTWISE && !bias;
  }

  /// `text_encoder/name`.
  String place() {
    return component + "/" + diffusers;
  }
}
