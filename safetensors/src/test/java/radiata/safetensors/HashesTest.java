package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.safetensors.Outputs.spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Every hash against its definition, computed here over the whole file in memory.
class HashesTest {
  private static final int WINDOW = 0x100000;

  @TempDir Path folder;

  private static String sha256(byte[] bytes, int from, int to) throws Exception {
    int begin = Math.min(from, bytes.length);
    byte[] part = Arrays.copyOfRange(bytes, begin, Math.clamp(to, begin, bytes.length));
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(part));
  }

  private static String legacy(byte[] bytes) throws Exception {
    return sha256(bytes, WINDOW, WINDOW + 0x10000).substring(0, 8);
  }

  @TestFactory
  List<DynamicTest> hashRealFiles() throws IOException {
    return Outputs.realFiles().stream()
        .map(file -> DynamicTest.dynamicTest("" + file.getFileName(), () -> check(file)))
        .toList();
  }

  private static void check(Path file) throws Exception {
    byte[] bytes = Files.readAllBytes(file);
    Hashes hashes = Hashes.of(file);
    String whole = sha256(bytes, 0, bytes.length);
    assertThat(hashes.sha256()).isEqualTo(whole);
    assertThat(hashes.autov2()).isEqualTo(whole.substring(0, 10));
    assertThat(hashes.legacy()).isEqualTo(legacy(bytes));
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      String data = sha256(bytes, (int) open.dataStart(), bytes.length);
      assertThat(hashes.data()).hasValue(data);
      assertThat(hashes.autov3()).hasValue(data.substring(0, 12));
      TensorInfo last = open.tensors().getLast();
      CRC32C crc = new CRC32C();
      crc.update(bytes, (int) (open.dataStart() + last.begin()), (int) last.bytes());
      assertThat(Hashes.crc32c(open, last)).isEqualTo((int) crc.getValue());
    }
  }

  @Test
  void hashesAnyFileButOnlySafetensorsHaveData() throws Exception {
    byte[] bytes = new byte[WINDOW + 5];
    new Random(1).nextBytes(bytes);
    Path file = Files.write(folder.resolve("x.ckpt"), bytes);
    assertThat(Hashes.of(file))
        .isEqualTo(
            new Hashes(
                sha256(bytes, 0, bytes.length),
                Optional.empty(),
                sha256(bytes, WINDOW, bytes.length).substring(0, 8)));
    Files.write(file, Arrays.copyOf(bytes, WINDOW));
    assertThat(Hashes.of(file).legacy()).isEqualTo("e3b0c442");
  }

  @Test
  void crosses8MiBChunks() throws Exception {
    byte[] bytes = new byte[(17 << 20) + 3];
    new Random(2).nextBytes(bytes);
    Path file = Files.write(folder.resolve("x.bin"), bytes);
    assertThat(Hashes.of(file).sha256()).isEqualTo(sha256(bytes, 0, bytes.length));
    assertThat(Hashes.of(file).legacy()).isEqualTo(legacy(bytes));
  }

  @Test
  void computesTheSshsPairOfTheFileWithTrainingMetadataOnly() throws Exception {
    List<TensorSpec> specs = List.of(spec("a", DType.U8, 700_001), spec("b", DType.F32, 200_000));
    Map<String, String> training = Map.of("ss_v2", "True", "ss_network_dim", "4");
    Map<String, String> all = new HashMap<>(training);
    all.put("modelspec.title", "x".repeat(500));
    all.put("sshs_legacy_hash", "00000000");
    Path trained = folder.resolve("trained");
    Path edited = folder.resolve("final");
    Header canonical = Header.canonical(specs, training);
    Outputs.write(trained, canonical, 5, Replace.REFUSE);
    Outputs.write(edited, Header.inOrder(specs, all), 5, Replace.REFUSE);
    byte[] buffer = Files.readAllBytes(trained);
    try (SafetensorsFile open = SafetensorsFile.open(edited)) {
      Hashes.Sshs pair = Hashes.sshs(open);
      assertThat(pair.model())
          .isEqualTo(sha256(buffer, (int) canonical.dataStart(), buffer.length));
      assertThat(pair.legacy()).isEqualTo(legacy(buffer));
    }
  }

  @Test
  void putsTensorsIntoTheReferencesOrderForTheSshsPair() throws Exception {
    List<TensorSpec> specs = List.of(spec("a", DType.U8, 1_300_000), spec("b", DType.F32, 9));
    Header header = Header.inOrder(specs, Map.of());
    Path file = folder.resolve("x");
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, header, Replace.REFUSE)) {
      writer.write(header.tensors().get(0), 0, Outputs.bytes(header.tensors().get(0), 1));
      writer.write(header.tensors().get(1), 0, Outputs.bytes(header.tensors().get(1), 2));
      writer.commit();
    }
    byte[] data = new byte[36 + 1_300_000];
    Arrays.fill(data, (byte) 1);
    Arrays.fill(data, 0, 36, (byte) 2);
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      assertThat(Hashes.sshs(open).model()).isEqualTo(sha256(data, 0, data.length));
    }
  }
}
