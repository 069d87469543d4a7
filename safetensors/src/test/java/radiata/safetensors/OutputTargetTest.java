package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;
import static radiata.safetensors.Outputs.header;
import static radiata.safetensors.Outputs.names;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.safetensors.SafetensorsException.Kind;

class OutputTargetTest {
  @TempDir Path folder;
  private boolean mounted;

  private static void refuses(String words, ThrowingCallable write) {
    assertThatThrownBy(write)
        .isInstanceOfSatisfying(
            SafetensorsException.class, e -> assertThat(e.kind()).isEqualTo(Kind.CANNOT_WRITE))
        .hasMessageContaining(words)
        .hasMessageNotContaining("\n");
  }

  private static void write(Path target, Replace replace) throws IOException {
    Outputs.write(target, header(8), 3, replace);
  }

  private static int run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getInputStream().readAllBytes();
    return process.waitFor(20, TimeUnit.SECONDS) ? process.exitValue() : -1;
  }

  private Path mounted(String size) throws Exception {
    Path mount = Files.createDirectory(folder.resolve("mount"));
    assumeThat(OS.LINUX.isCurrentOs()).as("a tmpfs needs Linux").isTrue();
    mounted = run("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", mount.toString()) == 0;
    assumeThat(mounted).as("mounting a tmpfs needs root").isTrue();
    return mount;
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      assertThat(run("umount", folder.resolve("mount").toString())).isZero();
    }
  }

  @Test
  void refusesAnExistingFile() throws IOException {
    Path file = Files.writeString(folder.resolve("x"), "mine");
    refuses("it exists", () -> write(file, Replace.REFUSE));
    assertThat(file).hasContent("mine");
    assertThat(names(folder)).containsExactly("x");
  }

  @Test
  void refusesAFileThatAppearsMeanwhile() throws IOException {
    Path file = folder.resolve("x");
    Header header = Header.canonical(List.of(), java.util.Map.of());
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, header, Replace.REFUSE)) {
      Files.writeString(file, "mine");
      refuses("it has appeared", writer::commit);
    }
    assertThat(file).hasContent("mine");
    assertThat(names(folder)).containsExactly("x");
  }

  @Test
  void refusesTheOtherKind() throws IOException {
    Path inner = Files.createDirectory(folder.resolve("d"));
    Path file = Files.writeString(folder.resolve("x"), "mine");
    refuses("it is a folder", () -> write(inner, Replace.FORCE));
    OutputPlan plan = Outputs.folder(1, "");
    refuses("it is a file", () -> Outputs.writeFolder(file, plan, 1, Replace.FORCE));
    assertThat(names(folder)).containsExactly("d", "x");
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void refusesADevice() {
    refuses("pipe, device or socket", () -> write(Path.of("/dev/null"), Replace.FORCE));
  }

  @Test
  void refusesAMissingFolder() throws IOException {
    refuses("does not exist", () -> write(folder.resolve("no/x"), Replace.REFUSE));
    Files.writeString(folder.resolve("file"), "");
    refuses("is not a folder", () -> write(folder.resolve("file/x"), Replace.REFUSE));
    refuses("it is a folder", () -> write(folder.getRoot(), Replace.FORCE));
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void keepsTheModeOfWhatItReplaces() throws IOException {
    Path file = folder.resolve("x");
    write(file, Replace.REFUSE);
    for (String mode : List.of("rw-rw-r--", "rw-------", "r--r--r--")) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
      write(file, Replace.FORCE);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo(mode);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"022", "077", "002"})
  @DisabledOnOs(OS.WINDOWS)
  void givesNewFilesTheModeOfTheUmask(String umask) throws Exception {
    Path shell = folder.resolve("made-by-the-shell");
    String script = "umask " + umask + "; : > '" + shell + "'; exec \"$@\"";
    Process child = EndlessWriter.start(List.of("sh", "-c", script, "sh"), folder, "once");
    assertThat(child.waitFor()).isZero();
    assertThat(Files.getPosixFilePermissions(folder.resolve("file.safetensors")))
        .isEqualTo(Files.getPosixFilePermissions(shell));
    assertThat(Files.getPosixFilePermissions(folder.resolve("model/config.json")))
        .isEqualTo(Files.getPosixFilePermissions(shell));
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void replacesWhatALinkPointsToOnlyByForce() throws IOException {
    Path real = Files.writeString(folder.resolve("blob"), "shared");
    Path link = Files.createSymbolicLink(folder.resolve("x"), Path.of("blob"));
    refuses("a symbolic link to blob", () -> write(link, Replace.REFUSE));
    assertThat(real).hasContent("shared");
    write(link, Replace.FORCE);
    assertThat(link).isSymbolicLink();
    assertThat(Outputs.fill(real)).isEqualTo(3);
    Path dangling = Files.createSymbolicLink(folder.resolve("y"), Path.of("nothing"));
    refuses("a symbolic link", () -> write(dangling, Replace.REFUSE));
    refuses("to nothing", () -> write(dangling, Replace.FORCE));
    assertThat(names(folder)).containsExactly("blob", "x", "y");
  }

  @Test
  void refusesAReadOnlyFolder() throws Exception {
    Path mount = mounted("1m");
    assertThat(run("mount", "-o", "remount,ro", mount.toString())).isZero();
    refuses("is read-only", () -> write(mount.resolve("x"), Replace.REFUSE));
  }

  @Test
  void refusesBeforeTheDiskIsFull() throws Exception {
    Path mount = mounted("4m");
    refuses(
        "bytes are needed and 4,1",
        () -> SafetensorsWriter.create(mount.resolve("x"), header(4 << 20), Replace.REFUSE));
    assertThat(names(mount)).isEmpty();
  }

  @Test
  void keepsTheRoomThatItReserved() throws Exception {
    Path mount = mounted("8m");
    Path old = mount.resolve("x");
    write(old, Replace.REFUSE);
    Header header = header(3 << 20);
    try (SafetensorsWriter writer = SafetensorsWriter.create(old, header, Replace.FORCE)) {
      Path rival = mount.resolve("rival");
      assertThatThrownBy(() -> Files.write(rival, new byte[6 << 20]))
          .isInstanceOf(IOException.class);
      for (TensorInfo tensor : header.tensors()) {
        writer.write(tensor, 0, Outputs.bytes(tensor, 9));
      }
      writer.commit();
      Files.delete(rival);
    }
    assertThat(names(mount)).containsExactly("x");
    assertThat(Files.size(old)).isEqualTo(header.fileBytes());
  }

  @Test
  void saysThatTheDiskIsFullWhereNoRoomCouldBeReserved() {
    Path target = folder.resolve("x");
    IOException thrown = new IOException("No space left on device");
    refuses("the disk is full", () -> DiskSpace.explain(target, target, thrown));
    IOException other = new IOException("Input/output error");
    assertThat(DiskSpace.explain(target, target, other)).isSameAs(other);
  }

  @Test
  void writesNamesAsLongAsTheSystemAllows() throws IOException {
    Path file = folder.resolve("n".repeat(243) + ".safetensors");
    write(file, Replace.REFUSE);
    write(file, Replace.FORCE);
    assertThat(Outputs.fill(file)).isEqualTo(3);
    assertThat(names(folder)).hasSize(1);
  }
}
