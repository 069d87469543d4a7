package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static radiata.safetensors.Outputs.names;
import static radiata.safetensors.Outputs.spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class MetadataEditTest {
  @TempDir Path folder;
  private Path file;
  private Optional<String> data;

  @BeforeEach
  void writeAFile() throws IOException {
    file = folder.resolve("x.safetensors");
    List<TensorSpec> specs = List.of(spec("a", DType.U8, 5000), spec("b", DType.F32, 70));
    Outputs.write(file, Header.inOrder(specs, Map.of("title", "y".repeat(200))), 6, Replace.REFUSE);
    data = Hashes.of(file).data();
  }

  private Object key(Path path) throws IOException {
    return Files.readAttributes(path, java.nio.file.attribute.BasicFileAttributes.class).fileKey();
  }

  private void requireEdited(Map<String, String> metadata) throws IOException {
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      assertThat(open.metadata()).isEqualTo(metadata);
    }
    assertThat(Hashes.of(file).data()).isEqualTo(data);
    assertThat(Outputs.fill(file)).isEqualTo(6);
    assertThat(names(folder)).containsExactly("x.safetensors");
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void editsInPlaceWhatFits() throws IOException {
    Object before = key(file);
    long size = Files.size(file);
    for (Map<String, String> metadata :
        List.of(
            Map.of("title", "short"),
            Map.<String, String>of(),
            Map.of("title", "z".repeat(200)),
            Map.of("a", "1", "b", "2"))) {
      MetadataEdit.apply(file, metadata);
      requireEdited(metadata);
      assertThat(key(file)).isEqualTo(before);
      assertThat(Files.size(file)).isEqualTo(size);
    }
  }

  @Test
  void rewritesWhatDoesNotFit() throws IOException {
    Map<String, String> metadata = Map.of("title", "z".repeat(5000), "other", "é\n");
    MetadataEdit.apply(file, metadata);
    requireEdited(metadata);
  }

  @Test
  void copiesToAnotherFile() throws IOException {
    byte[] before = Files.readAllBytes(file);
    Path to = folder.resolve("y.safetensors");
    MetadataEdit.copy(file, to, Map.of("k", "v"), Replace.REFUSE);
    assertThat(Hashes.of(to).data()).isEqualTo(data);
    assertThat(file).hasBinaryContent(before);
    assertThatThrownBy(() -> MetadataEdit.copy(file, to, Map.of(), Replace.REFUSE))
        .isInstanceOf(SafetensorsException.class);
  }

  /// The file as it is on the disk when a crash tears the write after `bytes` of it.
  private byte[] torn(byte[] old, byte[] edited, int bytes) {
    byte[] torn = old.clone();
    System.arraycopy(edited, 0, torn, 0, bytes);
    return torn;
  }

  @TestFactory
  List<DynamicTest> undoesATornEdit() throws IOException {
    byte[] old = Files.readAllBytes(file);
    MetadataEdit.apply(file, Map.of("q", "w".repeat(150)));
    byte[] edited = Files.readAllBytes(file);
    int header = old.length - 5280;
    return List.of(0, 9, 40, 100, header - 20, header).stream()
        .map(bytes ->
            DynamicTest.dynamicTest(
                "after " + bytes + " bytes",
                () -> {
                  Files.write(file, torn(old, edited, bytes));
                  HeaderJournal.write(
                          file, Arrays.copyOf(old, header), Arrays.copyOf(edited, header))
                      .close();
                  MetadataEdit.recover(file);
                  assertThat(file).hasBinaryContent(old);
                  assertThat(names(folder)).containsExactly("x.safetensors");
                }))
        .toList();
  }

  @Test
  void anEditUndoesATornOneFirst() throws IOException {
    byte[] old = Files.readAllBytes(file);
    byte[] header = Arrays.copyOf(old, old.length - 5280);
    byte[] edited = header.clone();
    Arrays.fill(edited, 8, 100, (byte) '?');
    Files.write(file, torn(old, edited, 100));
    HeaderJournal.write(file, header, edited).close();
    MetadataEdit.apply(file, Map.of("k", "v"));
    requireEdited(Map.of("k", "v"));
  }

  @Test
  void aJournalOfAnotherFileOrCutShortIsOnlyDeleted() throws IOException {
    byte[] old = Files.readAllBytes(file);
    byte[] other = new byte[old.length - 5280];
    HeaderJournal.write(file, other, other).close();
    MetadataEdit.recover(file);
    assertThat(file).hasBinaryContent(old);
    byte[] header = Arrays.copyOf(old, old.length - 5280);
    HeaderJournal.write(file, other, header).close();
    Path journal = HeaderJournal.beside(file);
    byte[] whole = Files.readAllBytes(journal);
    for (int length : List.of(0, 7, 8, 100, whole.length - 1)) {
      Files.write(journal, Arrays.copyOf(whole, length));
      MetadataEdit.recover(file);
      assertThat(file).hasBinaryContent(old);
      assertThat(names(folder)).containsExactly("x.safetensors");
    }
  }

  @Test
  void refusesToMeddleWithAnotherEdit() throws IOException {
    byte[] old = Files.readAllBytes(file);
    byte[] header = Arrays.copyOf(old, old.length - 5280);
    try (HeaderJournal journal = HeaderJournal.write(file, header, header)) {
      assertThatThrownBy(() -> MetadataEdit.apply(file, Map.of()))
          .isInstanceOf(SafetensorsException.class)
          .hasMessageContaining("another process");
      journal.done();
    }
    assertThat(file).hasBinaryContent(old);
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void refusesToEditThroughALink() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    assertThatThrownBy(() -> MetadataEdit.apply(link, Map.of()))
        .isInstanceOf(SafetensorsException.class)
        .hasMessageContaining("a symbolic link");
  }
}
