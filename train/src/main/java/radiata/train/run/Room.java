package radiata.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.train.config.TrainConfig;

/// Says before the first step that a run has no room in memory. Only what is certain is counted:
/// the weights that have to be held in another dtype than their file's.
final class Room {
  private static final Path MEMORY = Path.of("/proc/meminfo");
  private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d+) kB");

  private Room() {}

  static void require(TrainConfig config, Checkpoint base) throws IOException {
    DType precision = config.model().precision();
    long needed =
        base.tensors().stream()
            .filter(each -> each.info().dtype().computable())
            .filter(each -> each.info().dtype() != precision)
            .mapToLong(each -> each.info().shape().elements() * precision.bytes())
            .sum();
    OptionalLong available = available();
    if (available.isPresent() && needed > available.getAsLong()) {
      throw new TrainingException(
          "the weights of %s take %,d MiB as %s, and %,d MiB of memory are free; with mixed_precision = \"bf16\" they take half, and in the dtype of the file they are read where they lie"
              .formatted(base.path(), needed >> 20, precision, available.getAsLong() >> 20));
    }
  }

  private static OptionalLong available() throws IOException {
    if (!Files.isReadable(MEMORY)) {
      return OptionalLong.empty();
    }
    Matcher found = AVAILABLE.matcher(Files.readString(MEMORY));
    return found.find()
        ? OptionalLong.of(Long.parseLong(found.group(1)) << 10)
        : OptionalLong.empty();
  }
}
