package radiata.bake;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.OutputPlan;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// A finished output, read again: every byte that a bake would write is held against what is there.
final class Comparison implements AutoCloseable {
  private final Path path;
  private final Checkpoint output;
  private final List<TensorFile> files = new ArrayList<>();

  Comparison(BakePlan plan, Path path) throws IOException {
    this.path = path;
    this.output = Checkpoint.open(path, Limits.DEFAULT);
    for (OutputPlan.OutputFile file : plan.output().files()) {
      output.parts().stream()
          .filter(part -> !plan.output().folder() || part.relative().equals(file.relative()))
          .findFirst()
          .ifPresent(part -> files.add(part.file()));
    }
  }

  /// @throws BakeException if the file has not the tensor, or other bytes
  void write(Step step, long offset, MemorySegment bytes) throws IOException {
    TensorInfo found =
        files
            .get(step.file())
            .tensor(step.target().name())
            .filter(tensor -> tensor.spec().equals(step.target().spec()))
            .orElseThrow(() -> differs(step, "is missing or has another shape"));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment there =
          arena.allocate(Math.max(1, bytes.byteSize())).asSlice(0, bytes.byteSize());
      files.get(step.file()).read(found, offset, there);
      long at = there.mismatch(bytes);
      if (at >= 0) {
        throw differs(step, "differs from what was computed at its byte " + (offset + at));
      }
    }
  }

  private BakeException differs(Step step, String how) {
    return new BakeException(
        path,
        step.target().name(),
        "tensor %s %s; disk or memory is faulty, or another program has changed the file"
            .formatted(step.target().name(), how));
  }

  @Override
  public void close() throws IOException {
    output.close();
  }
}
