package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static radiata.safetensors.Outputs.spec;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Metadata that are completed when the data are there.
class SealTest {
  @TempDir private Path folder;

  private static Header header(String room) {
    return Header.canonical(
        List.of(spec("a", DType.U8, 3_000_000), spec("b", DType.F16, 5)), Map.of("sums", room));
  }

  private static void fill(CheckpointWriter writer, int file, Header header) throws IOException {
    for (TensorInfo tensor : header.tensors()) {
      writer.write(file, tensor, 0, Outputs.bytes(tensor, 7));
    }
  }

  private static void holds(Path path) throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      Checksums sums = Checksums.parse(file.metadata().getOrDefault("sums", "")).orElseThrow();
      for (int i = 0; i < file.tensors().size(); i++) {
        assertThat(sums.crc32c(i)).isEqualTo(Hashes.crc32c(file, file.tensors().get(i)));
      }
    }
  }

  private static Map<String, String> sums(Seal.Written written) {
    return Map.of("sums", written.checksums().text());
  }

  @Test
  void writesTheChecksumsOfWhatWasWritten() throws IOException {
    Header header = header(Checksums.unknown(2).text());
    Path out = folder.resolve("x");
    try (CheckpointWriter writer =
        CheckpointWriter.sealed(out, OutputPlan.file(header), Replace.REFUSE)) {
      fill(writer, 0, header);
      writer.commit((file, written) -> sums(written));
    }
    assertThat(Files.size(out)).isEqualTo(header.fileBytes());
    holds(out);
  }

  @Test
  void takesThemFromCopiesToo() throws IOException {
    Path from = folder.resolve("from");
    Header plain =
        Header.canonical(header("").tensors().stream().map(TensorInfo::spec).toList(), Map.of());
    Outputs.write(from, plain, 9, Replace.REFUSE);
    Header header = header(Checksums.unknown(2).text());
    Path out = folder.resolve("x");
    try (FileChannel source = FileChannel.open(from);
        CheckpointWriter writer =
            CheckpointWriter.sealed(out, OutputPlan.file(header), Replace.REFUSE)) {
      writer.transfer(0, 0, source, plain.dataStart(), header.dataBytes());
      writer.commit((file, written) -> sums(written));
    }
    holds(out);
    assertThat(Outputs.fill(out)).isEqualTo(9);
  }

  @Test
  void everyFileOfAFolderGetsItsOwn() throws IOException {
    Header one = header(Checksums.unknown(2).text());
    Header other =
        Header.canonical(
            List.of(spec("c", DType.F32, 3)), Map.of("sums", Checksums.unknown(1).text()));
    OutputPlan plan =
        new OutputPlan(
            true,
            List.of(
                new OutputPlan.OutputFile(Path.of("1.safetensors"), one),
                new OutputPlan.OutputFile(Path.of("2.safetensors"), other)),
            List.of(),
            List.of());
    Path out = folder.resolve("out");
    try (CheckpointWriter writer = CheckpointWriter.sealed(out, plan, Replace.REFUSE)) {
      fill(writer, 1, other);
      fill(writer, 0, one);
      writer.commit((file, written) -> sums(written));
    }
    holds(out.resolve("1.safetensors"));
    holds(out.resolve("2.safetensors"));
  }

  @Test
  void metadataOfAnotherLengthLeaveNothing() throws IOException {
    Header header = header("");
    Path out = folder.resolve("x");
    try (CheckpointWriter writer =
        CheckpointWriter.sealed(out, OutputPlan.file(header), Replace.REFUSE)) {
      fill(writer, 0, header);
      assertThatThrownBy(() -> writer.commit((file, written) -> sums(written)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("kept for the header");
    }
    assertThat(Outputs.names(folder)).isEmpty();
  }

  @Test
  void hashesOfTheDataAreRenewedInTheirRoom() throws IOException {
    Map<String, String> stated = new HashMap<>();
    stated.put("sshs_model_hash", "0xfeed");
    stated.put("ss_v2", "True");
    stated.put("modelspec.sai_model_spec", "1.0.1");
    assertThat(HashKeys.without(stated)).containsOnlyKeys("ss_v2", "modelspec.sai_model_spec");
    Map<String, String> room = HashKeys.reserved(stated);
    Path file = folder.resolve("x");
    Outputs.write(
        file,
        Header.canonical(header("").tensors().stream().map(TensorInfo::spec).toList(), room),
        3,
        Replace.REFUSE);
    Map<String, String> renewed = HashKeys.renewed(room, file);
    String data = Hashes.of(file).data().orElseThrow();
    assertThat(renewed)
        .containsEntry("sshs_model_hash", data)
        .containsEntry("modelspec.hash_sha256", "0x" + data)
        .containsEntry("ss_v2", "True");
    room.forEach((key, value) -> assertThat(renewed.get(key)).as(key).hasSameSizeAs(value));
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      assertThat(HashKeys.stale(open))
          .extracting(HashKeys.Stale::key)
          .containsExactly("sshs_model_hash", "sshs_legacy_hash", "modelspec.hash_sha256");
      assertThat(renewed).containsEntry("sshs_legacy_hash", Hashes.sshs(open).legacy());
    }
    MetadataEdit.apply(file, renewed);
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      assertThat(HashKeys.stale(open)).isEmpty();
    }
  }

  @Test
  void theHeaderHashIsThatOfWhatStandsBeforeTheData() throws Exception {
    Path file = folder.resolve("x");
    Header header = header("abc");
    Outputs.write(file, header, 3, Replace.REFUSE);
    byte[] digest = java.security.MessageDigest.getInstance("SHA-256").digest(header.bytes());
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      assertThat(Hashes.header(open)).isEqualTo(java.util.HexFormat.of().formatHex(digest));
    }
    assertThat(Hashes.sha256(file)).isEqualTo(Hashes.of(file).sha256());
  }
}
