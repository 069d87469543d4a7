package radiata.names;

/// Which part of a pipeline a module belongs to; component strengths go by it.
public enum Role {
  /// The denoiser, whether a UNet or a transformer.
  UNET,
  TEXT_ENCODER,
  TEXT_ENCODER_2,
  TEXT_ENCODER_3,
  VAE,
  /// A base of one part, whose part nothing tells.
  OTHER;

  public boolean isTextEncoder() {
    return switch (this) {
      case TEXT_ENCODER, TEXT_ENCODER_2, TEXT_ENCODER_3 -> true;
      case UNET, VAE, OTHER -> false;
    };
  }
}
