package radiata.adapter.file;

import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// Fused q, k and v of FLUX that were trained apart: sd-scripts' `split_qkv` stores their downs
/// under each other and their ups along a diagonal (sd-scripts 48d368fa `networks/lora_flux.py`).
/// Told from single numbers of up, a few in every block: all are 0 beside the diagonal, and on it
/// some are not.
final class SplitQkv {
  private static final Pattern UP =
      Pattern.compile(
          "lora_unet_(?:(double_blocks_\\d+_(?:img|txt)_attn_qkv)|single_blocks_\\d+_linear1)"
              + "\\.lora_up\\.weight");

  /// Modules that are looked at, where the first ones are untrained.
  private static final int MOST = 3;

  /// Rows and columns of a block that are looked at.
  private static final int SAMPLES = 4;

  private SplitQkv() {}

  static boolean seen(TensorFile file) throws IOException {
    int looked = 0;
    for (TensorInfo up : file.tensors()) {
      Matcher fused = UP.matcher(up.name());
      boolean lies = file.position(up).isPresent();
      if (fused.matches() && lies && up.dtype().computable() && up.shape().rank() >= 2) {
        if (diagonal(file, up, fused.group(1) != null)) {
          return true;
        }
        if (++looked == MOST) {
          return false;
        }
      }
    }
    return false;
  }

  /// @param thirds whether it is a `qkv`, of three blocks; else a `linear1`, of q, k, v as wide as
  ///   its input and the MLP
  private static boolean diagonal(TensorFile file, TensorInfo up, boolean thirds)
      throws IOException {
    int blocks = thirds ? 3 : 4;
    long rows = up.shape().dim(0);
    long columns = up.shape().matrix().dim(1);
    long width = thirds ? rows / blocks : rows / 7;
    long rank = columns / blocks;
    if (rank == 0 || width == 0 || columns % blocks != 0) {
      return false;
    }
    boolean trained = false;
    for (int block = 0; block < blocks; block++) {
      long first = block * width;
      long count = block < 3 ? width : rows - first;
      for (int of = 0; of < blocks; of++) {
        for (int sample = 0; sample < SAMPLES * SAMPLES; sample++) {
          long row = first + (sample / SAMPLES) * count / SAMPLES;
          long column = of * rank + (sample % SAMPLES) * rank / SAMPLES;
          boolean zero = Scalars.element(file, up, row * columns + column) == 0;
          if (of != block && !zero) {
            return false;
          }
          trained |= of == block && !zero;
        }
      }
    }
    return trained;
  }
}
