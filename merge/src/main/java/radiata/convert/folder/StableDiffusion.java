package radiata.convert.folder;

import java.util.Optional;
import radiata.names.Family;

/// The models that have both an LDM layout and a diffusers folder here.
public enum StableDiffusion {
  SD1(Family.SD1),
  SD2(Family.SD2),
  SDXL(Family.SDXL),
  REFINER(Family.SDXL_REFINER);

  private final Family family;

  StableDiffusion(Family family) {
    this.family = family;
  }

  /// The one of that family; empty for any other.
  public static Optional<StableDiffusion> of(Family family) {
    for (StableDiffusion each : values()) {
      if (each.family == family) {
        return Optional.of(each);
      }
    }
    return Optional.empty();
  }

  public Family family() {
    return family;
  }
}
