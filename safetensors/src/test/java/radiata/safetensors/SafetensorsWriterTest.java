package radiata.safetensors;

import static java.nio.file.StandardOpenOption.READ;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static radiata.safetensors.Outputs.header;
import static radiata.safetensors.Outputs.names;
import static radiata.safetensors.Outputs.spec;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
  @TempDir Path folder;

  private static MemorySegment hex(String hex) {
    return MemorySegment.ofArray(HexFormat.of().parseHex(hex));
  }

  private Path written(Header header, Map<String, String> data) throws IOException {
    Path file = folder.resolve("out.safetensors");
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, header, Replace.REFUSE)) {
      for (Map.Entry<String, String> entry : data.entrySet()) {
        writer.write(header.tensor(entry.getKey()).orElseThrow(), 0, hex(entry.getValue()));
      }
      writer.commit();
    }
    return file;
  }

  @Test
  void writesTheSmallestFileAsTheReferenceDoes() throws IOException {
    Header header = Header.canonical(List.of(spec("x", DType.U8, 1)), Map.of());
    Path file = written(header, Map.of("x", "07"));
    assertThat(Files.size(file)).isEqualTo(65);
    assertThat(Hashes.of(file).sha256())
        .isEqualTo("580f9966340d2112f0002f151e5139b6764dd52f742639c423e4f84d87309e8c");
  }

  @Test
  void writesFourTensorsAsTheReferenceDoes() throws IOException {
    Header header =
        Header.canonical(
            List.of(
                spec("a", DType.U8, 3),
                spec("b", DType.F16, 2),
                spec("s", DType.F32),
                spec("z", DType.I64, 0, 2)),
            Map.of("format", "pt"));
    Path file = written(header, Map.of("a", "0102ff", "b", "003c00c0", "s", "0000c03f", "z", ""));
    assertThat(Files.size(file)).isEqualTo(267);
    Hashes hashes = Hashes.of(file);
    assertThat(hashes.sha256())
        .isEqualTo("438473b8a4accc171a15be3128ba10831075d1227247671c35285e7ff530d2ee");
    assertThat(hashes.data())
        .hasValue("3eb6ebc933bf1da41d9b707263c4f619bbab568847e948c3928a8129115d191e");
    assertThat(names(folder)).containsExactly("out.safetensors");
  }

  @TestFactory
  List<DynamicTest> savesRealFilesAgainWithEveryByte() throws IOException {
    List<Path> files = Outputs.realFiles();
    assertThat(files).isNotEmpty();
    return files.stream()
        .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> resave(file)))
        .toList();
  }

  private void resave(Path file) throws IOException {
    Path saved = folder.resolve("again-" + file.getFileName());
    try (SafetensorsFile from = SafetensorsFile.open(file)) {
      Header header =
          Header.canonical(from.tensors().stream().map(TensorInfo::spec).toList(), from.metadata());
      try (SafetensorsWriter writer = SafetensorsWriter.create(saved, header, Replace.REFUSE)) {
        for (TensorInfo tensor : header.tensors()) {
          byte[] bytes = Outputs.read(from, from.tensor(tensor.name()).orElseThrow());
          writer.write(tensor, 0, MemorySegment.ofArray(bytes));
        }
        writer.commit();
      }
      try (SafetensorsFile again = SafetensorsFile.open(saved)) {
        assertThat(again.metadata()).isEqualTo(from.metadata());
        assertThat(again.tensors()).hasSameSizeAs(from.tensors());
        for (TensorInfo tensor : from.tensors()) {
          TensorInfo other = again.tensor(tensor.name()).orElseThrow();
          assertThat(other.spec()).isEqualTo(tensor.spec());
          assertThat(Outputs.read(again, other)).isEqualTo(Outputs.read(from, tensor));
        }
      }
    }
  }

  @Test
  void takesPiecesInAnyOrderFromManyThreads() throws IOException {
    int size = 3 << 20;
    Header header = Header.canonical(List.of(spec("a", DType.U8, size)), Map.of());
    TensorInfo a = header.tensors().getFirst();
    Path file = folder.resolve("x.safetensors");
    byte[] content = new byte[size];
    new java.util.Random(3).nextBytes(content);
    int piece = 1 << 16;
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, header, Replace.REFUSE);
        Arena arena = Arena.ofShared()) {
      MemorySegment all = arena.allocate(size).copyFrom(MemorySegment.ofArray(content));
      IntStream.range(0, size / piece)
          .parallel()
          .mapToLong(i -> (i * 29L % (size / piece)) * piece)
          .forEach(at -> {
            try {
              writer.write(a, at, all.asSlice(at, piece));
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          });
      writer.commit();
    }
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      assertThat(Outputs.read(open, open.tensors().getFirst())).isEqualTo(content);
    }
  }

  @Test
  void copiesRunsFromAnotherFile() throws IOException {
    Path from = Outputs.realFiles().getFirst();
    Path to = folder.resolve("copy.safetensors");
    try (SafetensorsFile open = SafetensorsFile.open(from);
        FileChannel source = FileChannel.open(from, READ)) {
      Header header =
          Header.inOrder(open.tensors().stream().map(TensorInfo::spec).toList(), Map.of());
      long half = header.dataBytes() / 2;
      try (SafetensorsWriter writer = SafetensorsWriter.create(to, header, Replace.REFUSE)) {
        writer.transfer(half, source, open.dataStart() + half, header.dataBytes() - half);
        writer.transfer(0, source, open.dataStart(), half);
        writer.commit();
      }
    }
    assertThat(Hashes.of(to).data()).isEqualTo(Hashes.of(from).data());
  }

  @Test
  void tellsASourceThatIsTooShort() throws IOException {
    Path source = Files.write(folder.resolve("short"), new byte[5]);
    Header header = Header.canonical(List.of(spec("a", DType.U8, 10)), Map.of());
    try (FileChannel from = FileChannel.open(source, READ);
        SafetensorsWriter writer =
            SafetensorsWriter.create(folder.resolve("x"), header, Replace.REFUSE)) {
      assertThatThrownBy(() -> writer.transfer(0, from, 0, 10))
          .isInstanceOf(SafetensorsException.class)
          .hasMessageContaining("ends at byte 5");
    }
    assertThat(names(folder)).containsExactly("short");
  }

  @Test
  void refusesToCommitWhatIsNotWhole() throws IOException {
    Header header = header(10);
    TensorInfo a = header.tensor("a").orElseThrow();
    TensorInfo b = header.tensor("b").orElseThrow();
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(folder.resolve("x"), header, Replace.REFUSE)) {
      writer.write(b, 0, Outputs.bytes(b, 1));
      writer.write(a, 0, MemorySegment.ofArray(new byte[4]));
      writer.write(a, 5, MemorySegment.ofArray(new byte[5]));
      assertThatThrownBy(writer::commit)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("byte 10 of the data, in tensor \"a\"");
    }
    assertThat(names(folder)).isEmpty();
  }

  @Test
  void refusesToWriteAByteTwiceOrBesideItsTensor() throws IOException {
    Header header = header(10);
    TensorInfo a = header.tensor("a").orElseThrow();
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(folder.resolve("x"), header, Replace.REFUSE)) {
      writer.write(a, 4, MemorySegment.ofArray(new byte[3]));
      assertThatThrownBy(() -> writer.write(a, 0, MemorySegment.ofArray(new byte[5])))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> writer.write(a, 6, MemorySegment.ofArray(new byte[1])))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> writer.write(a, 8, MemorySegment.ofArray(new byte[3])))
          .isInstanceOf(IndexOutOfBoundsException.class);
      TensorInfo foreign = new TensorInfo("a", DType.U8, Shape.of(10), 0, 10);
      assertThatThrownBy(() -> writer.write(foreign, 0, MemorySegment.ofArray(new byte[1])))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void removesTheUnfinishedFile() throws IOException {
    Path file = folder.resolve("x.safetensors");
    Outputs.write(file, header(4), 7, Replace.REFUSE);
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, header(9), Replace.FORCE)) {
      assertThat(names(folder)).hasSize(3);
      assertThat(Outputs.fill(file)).isEqualTo(7);
      assertThat(writer).isNotNull();
    }
    assertThat(names(folder)).containsExactly("x.safetensors");
    assertThat(Outputs.fill(file)).isEqualTo(7);
  }

  @Test
  void mayReplaceItsOwnInput() throws IOException {
    Path file = folder.resolve("x.safetensors");
    Outputs.write(file, header(1000), 5, Replace.REFUSE);
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      Header header =
          Header.canonical(open.tensors().stream().map(TensorInfo::spec).toList(), Map.of());
      try (SafetensorsWriter writer = SafetensorsWriter.create(file, header, Replace.FORCE)) {
        for (TensorInfo tensor : open.tensors()) {
          TensorInfo to = header.tensor(tensor.name()).orElseThrow();
          writer.write(to, 0, MemorySegment.ofArray(Outputs.read(open, tensor)));
        }
        writer.commit();
        assertThat(Outputs.read(open, open.tensors().getFirst())).containsOnly(5);
      }
    }
    assertThat(Outputs.fill(file)).isEqualTo(5);
    assertThat(names(folder)).containsExactly("x.safetensors");
  }
}
