package radiata.cli.demo;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsWriter;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.convert.Narrow;

/// A checkpoint with the names and shapes of Stable Diffusion 1.5 in fp16, and random numbers as
/// weights: every bake costs what it costs on the real one, and nothing has to be downloaded. The
/// same list of keys always gives the same bytes.
public final class SdShapedCheckpoint {
  /// Which tensors are written.
  public enum Extent {
    /// The weights of all attention in the UNet, and whatever has one dimension: about 190 MB.
    ATTENTION,
    /// UNet, text encoder, VAE and noise schedule as in a pruned checkpoint: about 2.1 GB.
    FULL
  }

  private static final Pattern ATTENTION =
      Pattern.compile("model\\.diffusion_model\\..*\\.attn[12]\\.to_(q|k|v|out\\.0)\\.weight");
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int CHUNK = 1 << 16;

  /// About the spread of the real weights.
  private static final float SPREAD = 0.05f;

  private SdShapedCheckpoint() {}

  /// What [#write] writes.
  ///
  /// @param keys a list of a checkpoint's tensors, one a line: name, shape, dtype and component
  ///   between tabs; lines that start with `#`, and the moving averages in component `ema`, are
  ///   left out
  /// @throws FileSystemException if a line is something else
  public static Header header(Path keys, Extent extent) throws IOException {
    List<TensorSpec> tensors = new ArrayList<>();
    for (String line : Files.readAllLines(keys)) {
      String[] columns = line.split("\t", -1);
      if (line.startsWith("#") || (columns.length > 3 && columns[3].equals("ema"))) {
        continue;
      }
      Shape shape = columns.length < 4 ? null : shape(columns[1]);
      if (shape == null) {
        throw new FileSystemException(
            keys.toString(),
            null,
            "expected name, [shape], dtype and component between tabs, found '%s'".formatted(line));
      }
      DType dtype = columns[2].startsWith("int") ? DType.I64 : DType.F16;
      boolean taken =
          switch (extent) {
            case FULL -> true;
            case ATTENTION -> shape.rank() < 2 || ATTENTION.matcher(columns[0]).matches();
          };
      if (taken) {
        tensors.add(new TensorSpec(columns[0], dtype, shape));
      }
    }
    return Header.canonical(tensors, Map.of("format", "pt"));
  }

  /// `[320, 4, 3, 3]` or `[]`; null for anything else.
  private static @Nullable Shape shape(String text) {
    if (!text.matches("\\[(\\d{1,9}(, \\d{1,9})*)?]")) {
      return null;
    }
    String dims = text.substring(1, text.length() - 1);
    return dims.isEmpty()
        ? Shape.SCALAR
        : Shape.of(Arrays.stream(dims.split(", ", -1)).mapToLong(Long::parseLong).toArray());
  }

  /// Writes the file, which must not exist.
  public static void write(Header header, Path target) throws IOException {
    try (SafetensorsWriter writer = SafetensorsWriter.create(target, header, Replace.REFUSE)) {
      float[] numbers = new float[CHUNK];
      MemorySegment bytes = MemorySegment.ofArray(new byte[CHUNK * Long.BYTES]);
      for (TensorInfo tensor : header.tensors()) {
        SplittableRandom random = new SplittableRandom(tensor.name().hashCode());
        int width = tensor.dtype() == DType.I64 ? Long.BYTES : Short.BYTES;
        long elements = tensor.shape().elements();
        for (long first = 0; first < elements; first += CHUNK) {
          int count = (int) Math.min(CHUNK, elements - first);
          if (tensor.dtype() == DType.I64) {
            count(first, count, bytes);
          } else {
            scatter(random, numbers, count);
            Narrow.fromFloats(numbers, 0, count, tensor.dtype(), bytes, 0);
          }
          writer.write(tensor, first * width, bytes.asSlice(0, (long) count * width));
        }
      }
      writer.commit();
    }
  }

  /// Whole numbers are positions: 0, 1, 2, …
  private static void count(long first, int count, MemorySegment bytes) {
    for (int i = 0; i < count; i++) {
      bytes.set(LONG, (long) i * Long.BYTES, first + i);
    }
  }

  private static void scatter(SplittableRandom random, float[] numbers, int count) {
    for (int i = 0; i < count; i++) {
      numbers[i] = random.nextInt() * (SPREAD / (1L << 31));
    }
  }
}
