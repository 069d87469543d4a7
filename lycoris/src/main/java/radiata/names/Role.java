package radiata.names;

/// Which part of a pipeline a module belongs to; component strengths go by it.
public enum Role {
  UNET,
  TEXT_ENCODER,
  TEXT_ENCODER_2,
  VAE,
  OTHER
}
