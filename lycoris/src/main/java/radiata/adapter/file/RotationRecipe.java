package radiata.adapter.file;

import java.io.IOException;
import radiata.adapter.Boft;
import radiata.adapter.Oft;
import radiata.convention.Algorithm;
import radiata.safetensors.TensorInfo;

/// Reads Diag-OFT and BOFT, which the dimensions of `oft_blocks` tell apart, and the rotations that
/// LyCORIS 1.x-2.0 stored as `oft_diag`. `alpha` is the constraint here, never a scale.
final class RotationRecipe {
  private RotationRecipe() {}

  static Body read(Parts parts) throws IOException {
    TensorInfo stored = parts.find("oft_diag");
    boolean rotated = stored != null;
    TensorInfo blocks = stored != null ? stored : parts.need("oft_blocks");
    TensorInfo rescale = parts.find("rescale");
    TensorInfo alpha = parts.find(Suffixes.ALPHA);
    double constraint = alpha == null || rotated ? 0 : parts.constraint(alpha);
    parts
        .because()
        .add(rotated ? "oft_diag holds the rotations" : "constraint %s".formatted(constraint));
    return blocks.shape().rank() == 4 && !rotated
        ? Body.without(Algorithm.BOFT, new Boft<>(blocks, rescale, constraint), null)
        : Body.without(Algorithm.OFT, new Oft<>(blocks, rescale, constraint, rotated), null);
  }
}
