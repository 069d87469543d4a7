package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static radiata.safetensors.BrokenFile.entry;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.SafetensorsException.Kind;

class SafetensorsFileTest {
  @TempDir Path folder;

  @Test
  void readsTheSmallestFile() throws IOException {
    Path path = BrokenFile.header("{" + entry("x", 1) + "}   ").data(7).write(folder.resolve("x"));
    assertThat(Files.size(path)).isEqualTo(65);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertThat(file.dataStart()).isEqualTo(64);
      assertThat(file.tensors()).containsExactly(new TensorInfo("x", DType.U8, Shape.of(1), 0, 1));
      assertThat(bytes(file, "x")).containsExactly(7);
    }
  }

  @Test
  void readsFourTensorsAndTheirMetadata() throws IOException {
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + String.join(
                ",",
                entry("z", "I64", "[0,2]", 0, 0),
                entry("s", "F32", "[]", 0, 4),
                entry("b", "F16", "[2]", 4, 8),
                entry("a", "U8", "[3]", 8, 11))
            + "}   ";
    Path path =
        BrokenFile.header(header)
            .data(0, 0, 0xc0, 0x3f, 0, 0x3c, 0, 0xc0, 1, 2, 0xff)
            .write(folder.resolve("four"));
    assertThat(Files.size(path)).isEqualTo(267);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertThat(file.tensors()).extracting(TensorInfo::name).containsExactly("z", "s", "b", "a");
      assertThat(file.metadata()).containsExactly(java.util.Map.entry("format", "pt"));
      assertThat(bytes(file, "z")).isEmpty();
      assertThat(bytes(file, "s")).containsExactly(0, 0, 0xc0, 0x3f);
      assertThat(bytes(file, "b")).containsExactly(0, 0x3c, 0, 0xc0);
      assertThat(bytes(file, "a")).containsExactly(1, 2, 0xff);
      assertThat(file.tensor("c")).isEmpty();
    }
  }

  @Test
  void readsIntoAnyMemoryAtAnyOffset() throws IOException {
    int size = (8 << 20) + 12_345;
    byte[] data = new byte[size];
    RandomGenerator.of("L64X128MixRandom").nextBytes(data);
    try (SafetensorsFile file = SafetensorsFile.open(random(data));
        Arena arena = Arena.ofConfined()) {
      TensorInfo tensor = file.tensor("x").orElseThrow();
      MemorySegment expected = MemorySegment.ofArray(data).asSlice(3);
      MemorySegment off = arena.allocate(size - 3);
      file.read(tensor, 3, off);
      assertThat(off.mismatch(expected)).isEqualTo(-1);
      byte[] heap = new byte[size - 3];
      file.read(tensor, 3, MemorySegment.ofArray(heap));
      assertThat(MemorySegment.ofArray(heap).mismatch(expected)).isEqualTo(-1);
      float[] floats = new float[2_000_000];
      file.read(tensor, 3, MemorySegment.ofArray(floats));
      assertThat(MemorySegment.ofArray(floats).mismatch(expected.asSlice(0, 8_000_000)))
          .isEqualTo(-1);
      assertThat(file.map(tensor, arena).asSlice(3).mismatch(expected)).isEqualTo(-1);
      assertThatThrownBy(() -> file.read(tensor, 4, off))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> file.read(tensor, -1, off.asSlice(0, 1)))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void keepsAMappingWhenClosed() throws IOException {
    byte[] data = {1, 2, 3};
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mapped;
      try (SafetensorsFile file = SafetensorsFile.open(random(data))) {
        mapped = file.map(file.tensors().getFirst(), arena);
      }
      assertThat(mapped.mismatch(MemorySegment.ofArray(data))).isEqualTo(-1);
      assertThat(mapped.isReadOnly()).isTrue();
    }
  }

  @Test
  void saysWhenTheFileWasCutShortWhileOpen() throws IOException {
    Path path = random(new byte[1000]);
    try (SafetensorsFile file = SafetensorsFile.open(path);
        Arena arena = Arena.ofConfined()) {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(200);
      }
      TensorInfo tensor = file.tensors().getFirst();
      assertThatThrownBy(() -> file.read(tensor, 0, arena.allocate(1000)))
          .isInstanceOfSatisfying(
              SafetensorsException.class, e -> assertThat(e.kind()).isEqualTo(Kind.CHANGED))
          .hasMessageContaining("cut short to 200 bytes");
      assertThatThrownBy(() -> file.map(tensor, arena))
          .isInstanceOfSatisfying(
              SafetensorsException.class, e -> assertThat(e.kind()).isEqualTo(Kind.CHANGED));
    }
  }

  @Test
  void servesEightReadersAtOnce() throws Exception {
    byte[] data = new byte[1 << 20];
    RandomGenerator.of("L64X128MixRandom").nextBytes(data);
    try (SafetensorsFile file = SafetensorsFile.open(random(data));
        ExecutorService readers = Executors.newFixedThreadPool(8)) {
      List<Callable<Long>> tasks = new ArrayList<>();
      for (int reader = 0; reader < 8; reader++) {
        int seed = reader;
        tasks.add(() -> readAtRandom(file, data, seed));
      }
      for (Future<Long> result : readers.invokeAll(tasks)) {
        assertThat(result.get()).isEqualTo(-1);
      }
    }
  }

  private static long readAtRandom(SafetensorsFile file, byte[] data, int seed) throws IOException {
    RandomGenerator random = new java.util.Random(seed);
    TensorInfo tensor = file.tensors().getFirst();
    long mismatch = -1;
    for (int i = 0; i < 200 && mismatch == -1; i++) {
      int from = random.nextInt(data.length - 5000);
      byte[] read = new byte[random.nextInt(5000)];
      file.read(tensor, from, MemorySegment.ofArray(read));
      mismatch =
          MemorySegment.ofArray(read)
              .mismatch(MemorySegment.ofArray(data).asSlice(from, read.length));
    }
    return mismatch;
  }

  @Test
  void survivesAReaderThatIsInterrupted() throws Exception {
    byte[] data = {5, 6, 7};
    try (SafetensorsFile file = SafetensorsFile.open(random(data))) {
      List<Throwable> seen = new ArrayList<>();
      Thread reader =
          new Thread(() -> {
            Thread.currentThread().interrupt();
            try {
              bytes(file, "x");
            } catch (IOException e) {
              seen.add(e);
            }
          });
      reader.start();
      reader.join();
      assertThat(seen).singleElement().isInstanceOf(ClosedByInterruptException.class);
      assertThat(bytes(file, "x")).containsExactly(5, 6, 7);
    }
  }

  @Test
  void refusesAReplacedFileWhenItMustOpenItAgain() throws Exception {
    Path path = random(new byte[3]);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      Thread reader =
          new Thread(() -> {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> bytes(file, "x")).isInstanceOf(IOException.class);
          });
      reader.start();
      reader.join();
      Files.move(
          random(new byte[4], "other"), path, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      assertThatThrownBy(() -> bytes(file, "x")).hasMessageContaining("replaced");
    }
  }

  @Test
  void refusesToReadWhenClosed() throws IOException {
    SafetensorsFile file = SafetensorsFile.open(random(new byte[3]));
    file.close();
    assertThatThrownBy(() -> bytes(file, "x")).isInstanceOf(ClosedChannelException.class);
  }

  private Path random(byte[] data) throws IOException {
    return random(data, "random");
  }

  private Path random(byte[] data, String name) throws IOException {
    Path path = folder.resolve(name);
    Files.write(path, BrokenFile.header("{" + entry("x", data.length) + "}").bytes());
    return Files.write(path, data, StandardOpenOption.APPEND);
  }

  private static int[] bytes(SafetensorsFile file, String name) throws IOException {
    TensorInfo tensor = file.tensor(name).orElseThrow();
    byte[] read = new byte[(int) tensor.bytes()];
    file.read(tensor, 0, MemorySegment.ofArray(read));
    int[] unsigned = new int[read.length];
    for (int i = 0; i < read.length; i++) {
      unsigned[i] = Byte.toUnsignedInt(read[i]);
    }
    return unsigned;
  }
}
