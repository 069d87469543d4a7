import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsWriter;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;

/// Files of random weights, the same on every machine: each tensor is seeded by its name.
final class Generate {
  private static final int CHUNK = 1 << 20;
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Generate() {}

  /// The file, made unless it is there.
  static Path file(Path path, List<TensorSpec> tensors) throws IOException {
    return file(path, tensors, 0);
  }

  /// @param seed files of the same tensors and other seeds have other values
  static Path file(Path path, List<TensorSpec> tensors, int seed) throws IOException {
    if (Files.exists(path)) {
      return path;
    }
    System.err.println("making " + path);
    Header header = Header.canonical(tensors, Map.of());
    try (SafetensorsWriter writer = SafetensorsWriter.create(path, header, Replace.REFUSE);
        Arena arena = Arena.ofConfined()) {
      MemorySegment chunk = arena.allocate(CHUNK, Long.BYTES);
      for (TensorInfo tensor : header.tensors()) {
        Pattern pattern = pattern(tensor);
        long state = tensor.name().hashCode() + ((long) seed << 32);
        for (long at = 0; at < tensor.bytes(); at += CHUNK) {
          state = fill(chunk, state, pattern);
          writer.write(tensor, at, chunk.asSlice(0, Math.min(CHUNK, tensor.bytes() - at)));
        }
      }
      writer.commit();
    }
    return path;
  }

  /// Which bits of eight bytes are set whatever chance says, and which it decides.
  private record Pattern(long set, long chance) {
    static Pattern halves(int set, int chance) {
      return new Pattern(set * 0x0001_0001_0001_0001L, chance * 0x0001_0001_0001_0001L);
    }

    static Pattern floats(long set, long chance) {
      return new Pattern(set << 32 | set, chance << 32 | chance);
    }
  }

  /// Weights of 2^-7 to 2^-3 in size, factors of an adapter of 2^-7 to 2^-5, magnitudes of 1 to 2,
  /// an alpha of 16, integers 0. Networks in float32 are there to be trained: their norms are 1 and
  /// their biases 0.
  private static Pattern pattern(TensorInfo tensor) {
    String name = tensor.name();
    if (tensor.dtype() == DType.F32) {
      return name.matches(".*norm[^.]*\\.weight")
          ? Pattern.floats(0x3F80_0000, 0)
          : name.endsWith(".bias") ? Pattern.floats(0, 0) : Pattern.floats(0x3C00_0000, 0x81FF_FFFFL);
    } else if (tensor.dtype() != DType.F16) {
      return Pattern.halves(0, 0);
    } else if (name.endsWith(".alpha")) {
      return Pattern.halves(0x4C00, 0);
    } else if (name.endsWith(".dora_scale")) {
      return Pattern.halves(0x3C00, 0x03FF);
    } else if (name.contains(".lora_")) {
      return Pattern.halves(0x2000, 0x87FF);
    } else {
      return Pattern.halves(0x2000, 0x8FFF);
    }
  }

  /// SplitMix64 (Steele, Lea, Flood 2014), eight bytes a step.
  private static long fill(MemorySegment into, long state, Pattern pattern) {
    for (long at = 0; at < into.byteSize(); at += Long.BYTES) {
      state += 0x9E37_79B9_7F4A_7C15L;
      long z = (state ^ state >>> 30) * 0xBF58_476D_1CE4_E5B9L;
      z = (z ^ z >>> 27) * 0x94D0_49BB_1331_11EBL;
      into.set(LONG, at, (z ^ z >>> 31) & pattern.chance() | pattern.set());
    }
    return state;
  }
}
