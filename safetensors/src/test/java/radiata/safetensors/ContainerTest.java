package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.safetensors.BrokenFile.entry;
import static radiata.safetensors.BrokenFile.refused;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.safetensors.SafetensorsException.Kind;

class ContainerTest {
  @TempDir Path folder;

  static List<Arguments> others() {
    String tar = "model/version" + "\0".repeat(244) + "ustar\00000" + "\0".repeat(300);
    return List.of(
        Arguments.of(Container.TORCH_ZIP, "PK\3\4\0\0\10\10\0\0archive/data.pkl", "safetensors"),
        Arguments.of(
            Container.TORCH_LEGACY,
            "\u0080\2\u008a\12l\u00fc\u009cF\u00f9 j\u00a8P\31.",
            "safetensors"),
        Arguments.of(Container.TORCH_LEGACY, "\u0080\5\u0095\1\0\0\0\0\0\0\0.", "safetensors"),
        Arguments.of(Container.GGUF, "GGUF\3\0\0\0\1\0\0\0", "original"),
        Arguments.of(Container.HDF5, "\u0089HDF\r\n\32\n\0\0", "convert"),
        Arguments.of(Container.HTML, "<!DOCTYPE html><html></html>", "download"),
        Arguments.of(Container.HTML, "\n  <HTML><body>404</body>", "download"),
        Arguments.of(Container.HTML, "<?xml version=\"1.0\"?><Error/>", "download"),
        Arguments.of(
            Container.LFS_POINTER,
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n",
            "git lfs pull"),
        Arguments.of(Container.JSON, "{\n  \"model_type\": \"llama\"\n}", "name the weights"),
        Arguments.of(Container.TAR, tar, "tar"),
        Arguments.of(
            Container.TAR, "a" + "\0".repeat(256) + "ustar\00000" + "\0".repeat(300), "tar"));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("others")
  void saysWhatAFileIsAndWhatToDo(Container container, String latin1, String advice)
      throws IOException {
    Path file = folder.resolve("model.safetensors");
    Files.write(file, latin1.getBytes(StandardCharsets.ISO_8859_1));
    assertThat(Container.detect(file)).isEqualTo(container);
    SafetensorsException e = refused(file);
    assertThat(e.kind()).isEqualTo(Kind.OTHER_FORMAT);
    assertThat(e.getMessage()).startsWith("this is a").contains(advice);
  }

  /// The lengths 640, 8312 and 67,324,752 begin like a pickle, like zlib and like a zip.
  @ParameterizedTest
  @ValueSource(ints = {640, 8312, 67_324_752})
  void takesALengthThatLooksLikeMagicForALength(int length) throws IOException {
    byte[] header = new byte[length];
    Arrays.fill(header, (byte) ' ');
    byte[] json = ("{" + entry("x", 1) + "}").getBytes(StandardCharsets.UTF_8);
    System.arraycopy(json, 0, header, 0, json.length);
    Path file = BrokenFile.header(header).data(7).write(folder.resolve("polyglot"));
    assertThat(Container.detect(file)).isEqualTo(Container.SAFETENSORS);
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      assertThat(open.dataStart()).isEqualTo(8 + length);
    }
  }

  @Test
  void leavesAFileWithoutAnyMagicToTheReferencesErrors() throws IOException {
    Path file = Files.writeString(folder.resolve("text"), "once upon a time");
    assertThat(Container.detect(file)).isEqualTo(Container.UNKNOWN);
    assertThat(refused(file).kind()).isEqualTo(Kind.HEADER_TOO_LARGE);
  }

  @Test
  void refusesFoldersAndMissingFiles() throws IOException {
    assertThat(Container.detect(folder)).isEqualTo(Container.FOLDER);
    assertThat(refused(folder).kind()).isEqualTo(Kind.NOT_A_FILE);
    assertThat(refused(folder.resolve("missing")).kind()).isEqualTo(Kind.NOT_A_FILE);
    assertThat(refused(folder.resolve("missing").resolve("deeper")).kind())
        .isEqualTo(Kind.NOT_A_FILE);
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void refusesPipesAndDevicesWithoutWaiting() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(5),
        () -> {
          assertThat(refused(pipe).kind()).isEqualTo(Kind.NOT_A_FILE);
          assertThat(refused(Path.of("/dev/zero")).kind()).isEqualTo(Kind.NOT_A_FILE);
        });
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void followsALinkToAFile() throws IOException {
    Path blob = BrokenFile.header("{}").write(folder.resolve("0123abcd"));
    Path link = Files.createSymbolicLink(folder.resolve("model.safetensors"), blob);
    try (SafetensorsFile file = SafetensorsFile.open(link)) {
      assertThat(file.tensors()).isEmpty();
    }
  }
}
