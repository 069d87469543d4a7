package radiata.safetensors.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.Limits;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;
import radiata.safetensors.TensorInfo;

/// Tensors that are not inside their storage, and storages that are not inside the file.
class TensorAttacksTest {
  @TempDir Path folder;

  @Test
  void aTensorAsTheWriterOfTheseTestsMakesItIsRead() throws IOException {
    Path file = zip(4, 1, dims(2), dims(1), Pickled.floats(1, 2, 3, 4));
    try (TorchFile open = TorchFile.open(file, Limits.DEFAULT)) {
      TensorInfo tensor = open.tensor("w").orElseThrow();
      byte[] read = new byte[8];
      open.read(tensor, 0, MemorySegment.ofArray(read));
      assertThat(read).isEqualTo(Pickled.floats(2, 3));
      assertThat(open.tensor("x")).isEmpty();
    }
  }

  @Test
  void aStorageOutsideTheFileIsRefused() throws IOException {
    refused(
        zip(4, 0, dims(4), dims(1), new byte[12]), Kind.INVALID_OFFSET, "the file has 12 of it");
  }

  @Test
  void aStorageThatIsMissingIsRefused() throws IOException {
    byte[] pickle = Pickled.one("FloatStorage", 1, 0, dims(1), dims(1));
    Path file = new Zipped().add("x/data.pkl", pickle).write(folder.resolve("x.pt"));
    refused(file, Kind.INVALID_OFFSET, "storage \"0\" is not in the file");
  }

  @Test
  void aStorageNamedAsAPathIsRefused() throws IOException {
    Pickled pickle = Pickled.protocol2().op("}").text("w");
    pickle.tensor("FloatStorage", "../version", 1, 0, dims(1), dims(1)).op("s.");
    refused(
        archive(pickle.bytes(), new byte[4]),
        Kind.BROKEN_PICKLE,
        "a storage whose key is no number");
  }

  @Test
  void aTensorBehindItsStorageIsRefused() throws IOException {
    refused(zip(4, 3, dims(2), dims(1), new byte[16]), Kind.INVALID_OFFSET, "reaches to byte 20");
    refused(zip(4, 4, dims(1), dims(1), new byte[16]), Kind.INVALID_OFFSET, "reaches to byte 20");
    refused(zip(4, 0, dims(2), dims(4), new byte[16]), Kind.INVALID_OFFSET, "reaches to byte 20");
  }

  @Test
  void aTensorBehindWhatItsStorageClaimsIsRefusedThoughTheFileHasMore() throws IOException {
    refused(zip(2, 0, dims(3), dims(1), new byte[16]), Kind.INVALID_OFFSET, "which has 8");
  }

  @Test
  void negativeSizesStridesOffsetsAndLengthsAreRefused() throws IOException {
    byte[] data = new byte[16];
    refused(zip(4, 0, dims(-1), dims(1), data), Kind.INVALID_OFFSET, "a negative size");
    refused(zip(4, 3, dims(2), dims(-1), data), Kind.INVALID_OFFSET, "a negative size");
    refused(zip(4, -1, dims(1), dims(1), data), Kind.INVALID_OFFSET, "a negative size");
    refused(zip(-4, 0, dims(1), dims(1), data), Kind.BROKEN_PICKLE, "negative length");
  }

  @Test
  void sizesThatOverflowAreRefused() throws IOException {
    byte[] data = new byte[16];
    long huge = Long.MAX_VALUE;
    Kind kind = Kind.VALIDATION_OVERFLOW;
    refused(zip(4, 0, dims(1L << 32, 1L << 32), dims(0, 0), data), kind, "overflow");
    refused(zip(4, 0, dims(1L << 62, 4), dims(0, 0), data), kind, "overflow");
    refused(zip(4, 0, dims(2, 2), dims(huge, huge), data), kind, "overflow");
    refused(zip(4, huge, dims(2), dims(1), data), kind, "overflow");
    refused(zip(huge, 0, dims(1), dims(1), data), kind, "overflow");
  }

  @Test
  void aSizeOfZeroHidesNoBadSizes() throws IOException {
    refused(zip(4, 0, dims(0, -5), dims(1, 1), new byte[16]), Kind.INVALID_OFFSET, "negative");
    try (TorchFile open =
        TorchFile.open(zip(4, 0, dims(0, 1L << 40), dims(9, 9), new byte[16]), Limits.DEFAULT)) {
      assertThat(open.tensors().getFirst().bytes()).isZero();
      open.read(open.tensors().getFirst(), 0, MemorySegment.ofArray(new byte[0]));
    }
  }

  @Test
  void sizesWithoutStridesAreRefused() throws IOException {
    refused(
        zip(4, 0, dims(1, 1), dims(1), new byte[16]), Kind.BROKEN_PICKLE, "2 sizes and 1 strides");
    refused(zip(4, 0, new long[65], new long[65], new byte[16]), Kind.BROKEN_PICKLE, "65 sizes");
  }

  @Test
  void aStrideOfZeroThatMakesGigabytesIsRefused() throws IOException {
    refused(
        zip(1, 0, dims(100_000, 100_000), dims(0, 0), new byte[4]),
        Kind.LIMIT,
        "by repeating them");
  }

  @Test
  void manyNamesOfTheSameDataEndAtTheLimit() throws IOException {
    Pickled pickle = Pickled.protocol2().op("}(");
    for (int i = 0; i < 100; i++) {
      pickle.text("w" + i).tensor("FloatStorage", "0", 250_000, 0, dims(250_000), dims(1));
    }
    refused(archive(pickle.op("u.").bytes(), new byte[1_000_000]), Kind.LIMIT, "under many names");
  }

  @Test
  void aStorageOfTwoTypesIsRefused() throws IOException {
    Pickled pickle = Pickled.protocol2().op("}(");
    pickle.text("a").tensor("FloatStorage", "0", 1, 0, dims(1), dims(1));
    pickle.text("b").tensor("HalfStorage", "0", 1, 0, dims(1), dims(1)).op("u.");
    refused(archive(pickle.bytes(), new byte[4]), Kind.BROKEN_PICKLE, "two types or lengths");
  }

  @Test
  void aNameThatStandsTwiceIsRefused() throws IOException {
    Pickled pickle = Pickled.protocol2().op("}(");
    pickle.text("a").tensor("FloatStorage", "0", 1, 0, dims(1), dims(1));
    pickle.text("a").tensor("FloatStorage", "0", 1, 0, dims(1), dims(1)).op("u.");
    refused(archive(pickle.bytes(), new byte[4]), Kind.DUPLICATE_NAME, "\"a\" stands twice");
    Pickled dotted = Pickled.protocol2().op("}(");
    dotted.text("a.b").tensor("FloatStorage", "0", 1, 0, dims(1), dims(1)).text("a").op("}");
    dotted.text("b").tensor("FloatStorage", "0", 1, 0, dims(1), dims(1)).op("su.");
    refused(archive(dotted.bytes(), new byte[4]), Kind.DUPLICATE_NAME, "\"a.b\" stands twice");
  }

  @Test
  void aStorageThatIsNoStorageIsRefused() throws IOException {
    Pickled pickle =
        Pickled.protocol2().op("}").text("w").global("torch._utils", "_rebuild_tensor");
    pickle.op("(}K\0)))tRs.");
    refused(
        archive(pickle.bytes(), new byte[4]),
        Kind.BROKEN_PICKLE,
        "argument 1 of _rebuild_tensor is a dict, a storage was expected");
  }

  @Test
  void aLegacyStorageBehindTheFileIsRefused() throws IOException {
    refused(legacy(4, 4, 15), Kind.BROKEN_PICKLE, "15 bytes follow");
    refused(legacy(4, -1, 16), Kind.BROKEN_PICKLE, "18446744073709551615");
    refused(legacy(4, 3, 16), Kind.BROKEN_PICKLE, "should hold 4 elements");
    refused(legacy(4, 4, 17), Kind.BROKEN_PICKLE, "bytes behind the last storage");
    try (TorchFile open = TorchFile.open(legacy(4, 4, 16), Limits.DEFAULT)) {
      assertThat(open.format()).isEqualTo(TorchFile.Format.LEGACY);
      assertThat(open.tensors()).hasSize(1);
      assertThat(open.damage()).isEmpty();
    }
  }

  private Path legacy(long claimed, long stored, int bytes) throws IOException {
    Pickled stream =
        new Pickled()
            .op(Pickled.MAGIC)
            .op(0x80, 2)
            .op("M\u00e9\3.")
            .op(0x80, 2)
            .op("}.")
            .raw(Pickled.one("FloatStorage", claimed, 0, dims(claimed), dims(1)))
            .op(0x80, 2)
            .op("](")
            .text("0")
            .op("e.")
            .little(stored, 8)
            .raw(new byte[bytes]);
    return Files.write(folder.resolve("legacy.pt"), stream.bytes());
  }

  private Path zip(long length, long offset, long[] sizes, long[] strides, byte[] data)
      throws IOException {
    return archive(Pickled.one("FloatStorage", length, offset, sizes, strides), data);
  }

  private Path archive(byte[] pickle, byte[] data) throws IOException {
    return new Zipped()
        .add("x/data.pkl", pickle)
        .add("x/data/0", data)
        .write(folder.resolve("x.pt"));
  }

  private static long[] dims(long... dims) {
    return dims;
  }

  private static void refused(Path file, Kind kind, String said) {
    SafetensorsException e =
        catchThrowableOfType(
            SafetensorsException.class, () -> TorchFile.open(file, Limits.DEFAULT).close());
    assertThat(e).isNotNull();
    assertThat(e.kind()).as(e.getMessage()).isEqualTo(kind);
    assertThat(e.getMessage()).contains(said).doesNotContain("\n");
  }
}
