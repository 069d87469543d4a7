package radiata.adapter.file;

import java.nio.file.Path;
import java.util.List;
import radiata.convention.DoraAxis;
import radiata.convention.Magnitude;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;

/// Which axis a stored magnitude belongs to. The key decides first: PEFT's and ai-toolkit's
/// magnitudes are always one per output, also where PEFT stores `[1, out, 1, 1]`. LyCORIS'
/// `dora_scale` shows it in its shape: `[out, 1, ...]` or `[1, in, 1, ...]` (LyCORIS 3.3.0,
/// `wd_on_out`).
final class DoraAxes {
  private DoraAxes() {}

  /// @param madeFor the weight's shape as the factors tell it, `[out, in, k...]`
  /// @param because takes a sentence where the shape leaves a choice
  /// @throws AdapterException if the magnitude fits neither axis
  static DoraAxis of(
      Path file, TensorInfo tensor, Magnitude key, Shape madeFor, List<String> because) {
    Shape stored = tensor.shape();
    long out = madeFor.dim(0);
    boolean isVector = vector(stored);
    return switch (key) {
      case LORA_MAGNITUDE_VECTOR, MAGNITUDE -> {
        if (!isVector || stored.elements() != out) {
          throw misfit(file, tensor, madeFor, out + " values, one per output");
        }
        yield DoraAxis.OUTPUT;
      }
      case DORA_SCALE -> {
        boolean output = isVector && stored.elements() == out && leads(stored, out);
        boolean input = isVector && isInput(stored, madeFor);
        if (output && input && out != 1) {
          because.add(
              "dora_scale %s fits both axes of a square weight; read as one per output"
                  .formatted(stored));
        }
        if (output) {
          yield DoraAxis.OUTPUT;
        }
        if (input) {
          yield DoraAxis.INPUT;
        }
        throw misfit(file, tensor, madeFor, "[%d, 1, ...] or [1, inputs, 1, ...]".formatted(out));
      }
    };
  }

  /// Whether it is one number per input. Factors may fold the kernel into the inputs, or tell
  /// nothing of them.
  private static boolean isInput(Shape stored, Shape madeFor) {
    if (madeFor.rank() < 2) {
      return stored.rank() > 1 && stored.dim(0) == 1;
    }
    long in = madeFor.dim(1);
    boolean folded = stored.rank() > madeFor.rank() && in % Math.max(1, stored.elements()) == 0;
    return folded
        ? follows(stored, stored.elements())
        : stored.elements() == in && follows(stored, in);
  }

  /// Whether at most one dimension is not 1.
  private static boolean vector(Shape shape) {
    int wide = 0;
    for (long dim : shape.dims()) {
      wide += dim == 1 ? 0 : 1;
    }
    return wide <= 1;
  }

  /// `[n]`, `[n, 1, ...]`.
  private static boolean leads(Shape shape, long n) {
    return shape.rank() == 0 ? n == 1 : shape.dim(0) == n;
  }

  /// `[n]`, `[1, n, 1, ...]`.
  private static boolean follows(Shape shape, long n) {
    return shape.rank() < 2 ? leads(shape, n) : shape.dim(1) == n;
  }

  private static AdapterException misfit(
      Path file, TensorInfo tensor, Shape madeFor, String expected) {
    return new AdapterException(
        file,
        tensor.name(),
        "%s has shape %s, the factors were made for a weight %s; expected %s"
            .formatted(tensor.name(), tensor.shape(), madeFor, expected));
  }
}
