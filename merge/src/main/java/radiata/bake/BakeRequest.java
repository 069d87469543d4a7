package radiata.bake;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profile;
import radiata.names.Role;
import radiata.safetensors.DType;

/// What a user asks of a bake.
///
/// @param adapters in the order in which they are baked
/// @param dtype the floating dtype of the output; empty keeps that of each tensor
/// @param unet a further strength for the UNet or transformer
/// @param textEncoder a further strength for the text encoders
/// @param blocks block weights as written, for [radiata.names.BlockWeights]; null for none
/// @param allowUnmatched whether modules that the base does not have are left out instead of
///   refused
/// @param writing how the output is written
public record BakeRequest(
    List<Use> adapters,
    Profile profile,
    Optional<DType> dtype,
    double unet,
    double textEncoder,
    @Nullable String blocks,
    boolean allowUnmatched,
    Writing writing) {

  /// How an output is written.
  ///
  /// @param hashes whether the sha256 of every input and the hashes of the output are taken, too,
  ///   which costs more than the bake
  /// @param date what `modelspec.date` says; empty for none
  /// @param seed of stochastic rounding to fp8; empty for rounding to the nearest
  public record Writing(boolean hashes, Optional<String> date, OptionalLong seed) {
    public static final Writing DEFAULT = new Writing(false, Optional.empty());

    /// Rounding to the nearest.
    public Writing(boolean hashes, Optional<String> date) {
      this(hashes, date, OptionalLong.empty());
    }
  }

  /// A request that is written as usual.
  public BakeRequest(
      List<Use> adapters,
      Profile profile,
      Optional<DType> dtype,
      double unet,
      double textEncoder,
      @Nullable String blocks,
      boolean allowUnmatched) {
    this(adapters, profile, dtype, unet, textEncoder, blocks, allowUnmatched, Writing.DEFAULT);
  }

  /// One adapter and its strength.
  public record Use(AdapterFile file, double strength) {}

  public BakeRequest {
    adapters = List.copyOf(adapters);
  }

  double component(Role role) {
    return switch (role) {
      case UNET -> unet;
      case TEXT_ENCODER, TEXT_ENCODER_2, TEXT_ENCODER_3 -> textEncoder;
      case VAE, OTHER -> 1;
    };
  }
}
