package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every safetensors file of the test material, written by Python's tools: it opens, and reading
/// and mapping agree on the bytes.
class RealFilesTest {
  static List<Path> files() throws IOException {
    try (Stream<Path> found = Files.walk(Path.of(System.getProperty("radiata.testdata")))) {
      return found.filter(file -> file.toString().endsWith(".safetensors")).toList();
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void readsWhatIsMapped(Path path) throws IOException {
    byte[] all = Files.readAllBytes(path);
    try (SafetensorsFile file = SafetensorsFile.open(path);
        Arena arena = Arena.ofConfined()) {
      assertThat(file.tensors()).isNotEmpty();
      for (TensorInfo tensor : file.tensors()) {
        byte[] read = new byte[(int) tensor.bytes()];
        file.read(tensor, 0, MemorySegment.ofArray(read));
        MemorySegment expected =
            MemorySegment.ofArray(all).asSlice(file.dataStart() + tensor.begin(), tensor.bytes());
        assertThat(MemorySegment.ofArray(read).mismatch(expected)).isEqualTo(-1);
        assertThat(file.map(tensor, arena).mismatch(expected)).isEqualTo(-1);
        assertThat(file.tensor(tensor.name())).contains(tensor);
      }
    }
  }
}
