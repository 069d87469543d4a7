package radiata.safetensors.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.safetensors.Limits;
import radiata.safetensors.SafetensorsException;
import radiata.safetensors.SafetensorsException.Kind;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;

/// Zip archives that contradict themselves, or that are not torch's.
class ZipAttacksTest {
  private static final byte[] PICKLE =
      Pickled.one("FloatStorage", 2, 0, new long[] {2}, new long[] {1});
  private static final byte[] DATA = Pickled.floats(1, 2);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void plainAndDeflatedEntriesAreReadWithAndWithoutWideSizes(boolean wide) throws IOException {
    Zipped zip = new Zipped().add("data.pkl", PICKLE, entry -> entry.wide = wide);
    zip.deflate("data/0", DATA, entry -> entry.wide = wide);
    zip.wide = wide;
    try (TorchFile open = TorchFile.open(write(zip), Limits.DEFAULT)) {
      TensorInfo tensor = open.tensors().getFirst();
      byte[] read = new byte[4];
      open.read(tensor, 4, MemorySegment.ofArray(read));
      assertThat(read).isEqualTo(Pickled.floats(2));
      open.read(tensor, 0, MemorySegment.ofArray(read));
      assertThat(read).isEqualTo(Pickled.floats(1));
      assertThat(open.damage()).isEmpty();
    }
  }

  @Test
  void twoEntriesOfOneNameAreRefused() throws IOException {
    refused(sound().add("x/data/0", DATA), Kind.BROKEN_ARCHIVE, "two entries named \"x/data/0\"");
  }

  @Test
  void twoPicklesAreRefused() throws IOException {
    refused(sound().add("y/data.pkl", PICKLE), Kind.BROKEN_ARCHIVE, "two pickles");
  }

  @Test
  void entriesThatOverlapAreRefused() throws IOException {
    Zipped zip = new Zipped().add("x/data.pkl", PICKLE);
    zip.add("x/data/0", DATA, entry -> entry.packed = entry.bytes = 30).add("x/data/1", DATA);
    refused(zip, Kind.BROKEN_ARCHIVE, "\"x/data/0\" and \"x/data/1\" overlap");
  }

  @Test
  void twoNamesOfOneEntryAreRefused() throws IOException {
    Zipped zip = sound().add("x/version", new byte[0], entry -> entry.header = 0);
    refused(zip, Kind.BROKEN_ARCHIVE, "says something else than the directory");
  }

  @Test
  void anEntryBehindTheFileIsRefused() throws IOException {
    Zipped zip = new Zipped().add("x/data.pkl", PICKLE);
    refused(
        zip.add("x/data/0", DATA, entry -> entry.packed = entry.bytes = 1 << 30),
        Kind.BROKEN_ARCHIVE,
        "reaches beyond");
    refused(
        sound().add("x/a", DATA, entry -> entry.header = 0x7fffffff),
        Kind.BROKEN_ARCHIVE,
        "reaches beyond");
    Zipped wide =
        sound()
            .add(
                "x/a",
                DATA,
                entry -> {
                  entry.wide = true;
                  entry.header = Long.MAX_VALUE;
                });
    refused(wide, Kind.BROKEN_ARCHIVE, "reaches beyond");
    Zipped huge =
        sound()
            .add(
                "x/a",
                DATA,
                entry -> {
                  entry.wide = true;
                  entry.packed = entry.bytes = Long.MAX_VALUE;
                });
    refused(huge, Kind.BROKEN_ARCHIVE, "reaches beyond");
  }

  @Test
  void aNegativeSizeIsRefused() throws IOException {
    Zipped zip =
        sound()
            .add(
                "x/a",
                DATA,
                entry -> {
                  entry.wide = true;
                  entry.packed = entry.bytes = -8;
                });
    refused(zip, Kind.BROKEN_ARCHIVE, "has no size");
  }

  @Test
  void aLocalHeaderOfAnotherNameIsRefused() throws IOException {
    Zipped zip = sound().add("x/a", DATA, entry -> entry.localName = "x/b");
    refused(zip, Kind.BROKEN_ARCHIVE, "says something else than the directory");
  }

  @Test
  void encryptedEntriesAreRefused() throws IOException {
    for (int flag : new int[] {0x1, 0x40, 0x2000}) {
      refused(
          sound().add("x/a", DATA, entry -> entry.flags = flag), Kind.UNSUPPORTED, "is encrypted");
    }
  }

  @Test
  void otherCompressionsAreRefused() throws IOException {
    refused(sound().add("x/a", DATA, entry -> entry.method = 14), Kind.UNSUPPORTED, "by method 14");
  }

  @Test
  void aPlainEntryOfTwoSizesIsRefused() throws IOException {
    refused(
        sound().add("x/a", DATA, entry -> entry.bytes = 9),
        Kind.BROKEN_ARCHIVE,
        "cannot be packed");
  }

  @Test
  void aZipBombIsRefused() throws IOException {
    refused(
        new Zipped().deflate("x/data.pkl", PICKLE, entry -> entry.bytes = 1L << 31),
        Kind.BROKEN_ARCHIVE,
        "cannot be packed into");
    long elements = 75 << 18;
    byte[] pickle = Pickled.one("FloatStorage", elements, 0, new long[] {elements}, new long[] {1});
    byte[] zeros = new byte[(int) elements * 4];
    refused(
        new Zipped().add("x/data.pkl", pickle).deflate("x/data/0", zeros, entry -> {}),
        Kind.LIMIT,
        "a zip bomb");
  }

  @Test
  void aBombOfAPickleEndsAtTheLimit() throws IOException {
    Pickled flood = new Pickled().op("}".repeat(3_000_000));
    refused(
        new Zipped().deflate("x/data.pkl", flood.bytes(), entry -> {}),
        Kind.LIMIT,
        "builds more than 128 MB");
  }

  @ParameterizedTest
  @ValueSource(ints = {7, 9})
  void aStreamOfAnotherLengthThanDeclaredIsRefused(int declared) throws IOException {
    byte[] pickle = Pickled.one("ByteStorage", declared, 0, new long[] {declared}, new long[] {1});
    Zipped zip = new Zipped().add("x/data.pkl", pickle);
    zip.deflate("x/data/0", DATA, entry -> entry.bytes = declared);
    try (TorchFile open = TorchFile.open(write(zip), Limits.DEFAULT)) {
      byte[] all = new byte[declared];
      SafetensorsException e =
          catchThrowableOfType(
              SafetensorsException.class,
              () -> open.read(open.tensors().getFirst(), 0, MemorySegment.ofArray(all)));
      assertThat(e).isNotNull();
      assertThat(e.kind()).isEqualTo(Kind.BROKEN_ARCHIVE);
    }
  }

  @Test
  void damagedDataAreFoundByTheirChecksum() throws IOException {
    Zipped zip = new Zipped().add("x/data.pkl", PICKLE);
    zip.add("x/data/0", DATA, entry -> entry.crc = 0x12345678);
    try (TorchFile open = TorchFile.open(write(zip), Limits.DEFAULT)) {
      assertThat(open.damage())
          .singleElement()
          .asString()
          .startsWith("entry \"x/data/0\" has the checksum ")
          .contains("12345678 was written");
    }
  }

  /// `torch.serialization.set_crc32_options(False)` writes 0.
  @Test
  void aChecksumOfZeroIsNone() throws IOException {
    Zipped zip = new Zipped().add("x/data.pkl", PICKLE, entry -> entry.crc = 0);
    try (TorchFile open =
        TorchFile.open(write(zip.add("x/data/0", DATA, entry -> entry.crc = 0)), Limits.DEFAULT)) {
      assertThat(open.damage()).isEmpty();
    }
  }

  @Test
  void aWrongCountOfEntriesIsRefused() throws IOException {
    Zipped zip = sound();
    zip.missing = 1;
    refused(zip, Kind.BROKEN_ARCHIVE, "2 entries where 3 are said to be");
  }

  @Test
  void bytesBehindThePickleAreRefused() throws IOException {
    byte[] longer = Arrays.copyOf(PICKLE, PICKLE.length + 1);
    refused(
        new Zipped().add("x/data.pkl", longer).add("x/data/0", DATA),
        Kind.BROKEN_PICKLE,
        "bytes behind the end of the pickle");
  }

  @Test
  void anArchiveThatIsNotTorchsIsRefusedWithItsContents() throws IOException {
    refused(
        new Zipped().add("arr_0.npy", DATA).add("b.txt", DATA),
        Kind.UNSUPPORTED,
        "a zip archive that torch.save did not write (it holds \"arr_0.npy\", \"b.txt\")");
    refused(new Zipped(), Kind.UNSUPPORTED, "(it holds nothing)");
  }

  @Test
  void torchScriptIsRefused() throws IOException {
    refused(sound().add("x/constants.pkl", DATA), Kind.UNSUPPORTED, "a TorchScript archive");
  }

  @Test
  void anUnknownOrderOfBytesIsRefused() throws IOException {
    refused(
        sound().add("x/byteorder", new byte[] {'p', 'd', 'p'}),
        Kind.BROKEN_ARCHIVE,
        "byteorder is \"pdp\", little or big was expected");
  }

  @Test
  void everyCutOfAnArchiveIsRefused() throws IOException {
    byte[] whole = sound().bytes();
    for (int length = 8; length < whole.length; length++) {
      Path file = Files.write(folder.resolve("cut.pt"), Arrays.copyOf(whole, length));
      refused(file, Kind.BROKEN_ARCHIVE, "cut short");
    }
  }

  @Test
  void bytesBeforeAndBehindAnArchiveAreRefused() throws IOException {
    byte[] whole = sound().bytes();
    byte[] before = new byte[whole.length + 4];
    System.arraycopy(whole, 0, before, 0, 4);
    System.arraycopy(whole, 0, before, 4, whole.length);
    refused(Files.write(folder.resolve("b.pt"), before), Kind.BROKEN_ARCHIVE, "stands before");
    refused(
        Files.write(folder.resolve("c.pt"), Arrays.copyOf(whole, whole.length + 1)),
        Kind.BROKEN_ARCHIVE,
        "the end of a zip archive is missing");
  }

  @Test
  void aFileThatIsCutWhileItIsOpenIsAnError() throws IOException {
    byte[] pickle =
        Pickled.one("FloatStorage", 65536, 0, new long[] {256, 256}, new long[] {1, 256});
    Path file = write(new Zipped().add("x/data.pkl", pickle).add("x/data/0", new byte[65536 * 4]));
    try (TensorFile open = TensorFile.open(file, Limits.DEFAULT)) {
      byte[] all = new byte[65536 * 4];
      TensorInfo tensor = open.tensors().getFirst();
      open.read(tensor, 0, MemorySegment.ofArray(all));
      Files.write(file, new byte[16]);
      SafetensorsException e =
          catchThrowableOfType(
              SafetensorsException.class, () -> open.read(tensor, 0, MemorySegment.ofArray(all)));
      assertThat(e).isNotNull();
      assertThat(e.kind()).isEqualTo(Kind.CHANGED);
    }
  }

  private static Zipped sound() {
    return new Zipped().add("x/data.pkl", PICKLE).add("x/data/0", DATA);
  }

  private Path write(Zipped zip) throws IOException {
    return zip.write(folder.resolve("x.pt"));
  }

  private void refused(Zipped zip, Kind kind, String said) throws IOException {
    refused(write(zip), kind, said);
  }

  private static void refused(Path file, Kind kind, String said) {
    SafetensorsException e =
        catchThrowableOfType(
            SafetensorsException.class, () -> TensorFile.open(file, Limits.DEFAULT).close());
    assertThat(e).isNotNull();
    assertThat(e.kind()).as(e.getMessage()).isEqualTo(kind);
    assertThat(e.getMessage()).contains(said).doesNotContain("\n");
  }
}
