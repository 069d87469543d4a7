package radiata.bake;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profiles;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.TensorInfo;

/// A finished output is computed once more and held against the file.
class ComparisonTest {
  @TempDir Path folder;

  @Test
  void findsOneChangedBitOfAnyTensor() throws IOException {
    Path golden = Path.of(System.getProperty("radiata.testdata"), "golden/bake/dora-f16-in");
    Path output = folder.resolve("out.safetensors");
    try (Checkpoint base = Checkpoint.open(golden.resolve("base.safetensors"), Limits.DEFAULT);
        AdapterFile adapter =
            AdapterFile.open(golden.resolve("adapter.safetensors"), Limits.DEFAULT, null)) {
      BakeRequest request =
          new BakeRequest(
              List.of(new BakeRequest.Use(adapter, 0.7)),
              Profiles.EXACT,
              Optional.empty(),
              1,
              1,
              null,
              false);
      BakePlan plan = Planner.plan(base, request, output);
      Baker.bake(plan, output, Replace.REFUSE, 2, bytes -> {});
      assertThatCode(() -> Baker.verify(plan, output, 2, bytes -> {})).doesNotThrowAnyException();
      try (SafetensorsFile file = SafetensorsFile.open(output)) {
        for (TensorInfo tensor : file.tensors()) {
          long at = file.dataStart() + tensor.end() - 1;
          flip(output, at);
          assertThatThrownBy(() -> Baker.verify(plan, output, 2, bytes -> {}))
              .isInstanceOf(BakeException.class)
              .hasMessageContaining(tensor.name())
              .hasMessageContaining("at its byte " + (tensor.bytes() - 1));
          flip(output, at);
        }
      }
    }
  }

  private static void flip(Path file, long at) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, at);
      one.put(0, (byte) (one.get(0) ^ 1)).rewind();
      channel.write(one, at);
    }
  }
}
