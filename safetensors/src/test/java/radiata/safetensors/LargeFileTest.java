package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.safetensors.BrokenFile.entry;
import static radiata.safetensors.BrokenFile.refused;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.SafetensorsException.Kind;

/// Files and headers beyond what an int, a mapping or a patient user can take.
class LargeFileTest {
  private static final long GIB = 1L << 30;

  @TempDir Path folder;

  @Test
  void readsBeyondTwoAndFourGigabytes() throws IOException {
    Assumptions.assumeTrue(Files.getFileStore(folder).getUsableSpace() > 6 * GIB);
    Path path = folder.resolve("sparse.safetensors");
    String header =
        "{"
            + entry("a", GIB)
            + ","
            + entry("b", "U8", "[3,1073741824]", GIB, 4 * GIB)
            + ","
            + entry("c", "U8", "[1073741824]", 4 * GIB, 5 * GIB)
            + "}";
    byte[] framed = BrokenFile.header(header).bytes();
    long start = framed.length;
    long[] planted = {0, GIB - 1, GIB, (1L << 31) - 1, 1L << 31, 4 * GIB - 1, 4 * GIB, 5 * GIB - 1};
    try (FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(framed));
      for (int i = 0; i < planted.length; i++) {
        channel.write(ByteBuffer.wrap(new byte[] {(byte) (i + 1)}), start + planted[i]);
      }
    }
    try (SafetensorsFile file = SafetensorsFile.open(path);
        Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < planted.length; i++) {
        long at = planted[i];
        TensorInfo tensor =
            file.tensors().stream().filter(t -> t.end() > at).findFirst().orElseThrow();
        byte[] read = new byte[1];
        file.read(tensor, at - tensor.begin(), MemorySegment.ofArray(read));
        assertThat(read[0]).isEqualTo((byte) (i + 1));
        assertThat(file.map(tensor, arena).get(ValueLayout.JAVA_BYTE, at - tensor.begin()))
            .isEqualTo((byte) (i + 1));
      }
      TensorInfo b = file.tensor("b").orElseThrow();
      Slice across = Slice.of(file, b, Range.of(0, 2), Range.of(GIB - 2, GIB));
      byte[] read = new byte[4];
      across.read(MemorySegment.ofArray(read));
      assertThat(read).containsExactly(0, 4, 0, 0);
      byte[] edge = new byte[4];
      file.read(b, GIB - 2, MemorySegment.ofArray(edge));
      assertThat(edge).containsExactly(0, 4, 5, 0);
    }
    Files.delete(path);
  }

  @Test
  void refusesOrReadsAHeaderOfAMillionTensorsInBoundedTime() throws IOException {
    Path path = folder.resolve("many.safetensors");
    int count = 1_250_000;
    byte[] entryOf0 = entry("0000000", "U8", "[0]", 0, 0).getBytes(StandardCharsets.UTF_8);
    long length = (long) count * (entryOf0.length + 1) + 1;
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(path), 1 << 20)) {
      out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array());
      for (int i = 0; i < count; i++) {
        out.write(i == 0 ? '{' : ',');
        for (int digit = 7, rest = i; digit >= 1; digit--, rest /= 10) {
          entryOf0[digit] = (byte) ('0' + rest % 10);
        }
        out.write(entryOf0);
      }
      out.write('}');
    }
    assertThat(length).isBetween(60_000_000L, 75_000_000L);

    long before = System.nanoTime();
    SafetensorsException e = refused(path);
    assertThat(e.kind()).isEqualTo(Kind.LIMIT);
    assertThat(e.getMessage()).contains("more than 500,000 tensors");
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofMinutes(2));

    before = System.nanoTime();
    try (SafetensorsFile file = SafetensorsFile.open(path, new Limits(100_000_000, 2_000_000))) {
      assertThat(file.tensors()).hasSize(count);
      assertThat(file.tensor("1249999")).isPresent();
    }
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofMinutes(2));
  }

  /// The header is a hole in the file: zeros, which are no padding.
  @Test
  void readsAHeaderUpToTheCapAndNoLonger() throws IOException {
    Assumptions.assumeTrue(Files.getFileStore(folder).getUsableSpace() > GIB);
    assertThat(refused(hollow(100_000_000)).kind()).isEqualTo(Kind.INVALID_HEADER_DESERIALIZATION);
    assertThat(refused(hollow(100_000_001)).kind()).isEqualTo(Kind.HEADER_TOO_LARGE);
    assertThat(refused(hollow(100_000_001), new Limits(100_000_001, 1)).kind())
        .isEqualTo(Kind.INVALID_HEADER_DESERIALIZATION);
  }

  private Path hollow(long length) throws IOException {
    Path path = folder.resolve("hollow" + length);
    Files.deleteIfExists(path);
    try (FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(BrokenFile.header("{}").length(length).bytes()));
      channel.write(ByteBuffer.allocate(1), 8 + length - 1);
    }
    return path;
  }

  @Test
  void readsAMetadataStringOf50Megabytes() throws IOException {
    String picture = "A".repeat(50_000_000);
    Path path =
        BrokenFile.header("{\"__metadata__\":{\"modelspec.thumbnail\":\"" + picture + "\"}}")
            .write(folder.resolve("thumbnail"));
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertThat(file.metadata().get("modelspec.thumbnail")).hasSize(50_000_000);
    }
  }

  @Test
  void opensAHeaderOf3000Tensors() throws IOException {
    StringBuilder header = new StringBuilder("{");
    for (int i = 0; i < 3000; i++) {
      String name = "model.diffusion_model.input_blocks.1.attn%04d.to_q.weight".formatted(i);
      header.append(i == 0 ? "" : ",").append(entry(name, "F16", "[2,3]", i * 12L, i * 12L + 12));
    }
    Path path =
        BrokenFile.header(header.append('}').toString())
            .zeros(36_000)
            .write(folder.resolve("many"));
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertThat(file.tensors()).hasSize(3000);
    }
  }
}
