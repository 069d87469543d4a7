package radiata.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoFolderTest {
  @TempDir Path temp;

  @Test
  void removesWhatIsInItWhenItPasses() throws IOException {
    Path file;
    try (DemoFolder folder = DemoFolder.passing()) {
      file = folder.file("a/b");
      Files.createDirectories(file.getParent());
      Files.writeString(file, "x");
    }

    assertThat(file.getParent().getParent()).doesNotExist();
  }

  @Test
  void leavesTargetsOfLinksAlone() throws IOException {
    Path outside = Files.writeString(temp.resolve("outside"), "x");
    try (DemoFolder folder = DemoFolder.passing()) {
      Files.createSymbolicLink(folder.file("link"), temp);
    }

    assertThat(outside).hasContent("x");
  }

  @Test
  void staysWhenItIsKept() throws IOException {
    try (DemoFolder folder = DemoFolder.kept(temp.resolve("new/folder"))) {
      Files.writeString(folder.file("a"), "x");
    }

    assertThat(temp.resolve("new/folder/a")).hasContent("x");
  }
}
