package radiata.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoMaterialTest {
  private static final Path TESTDATA = Path.of(System.getProperty("radiata.testdata"));

  @TempDir Path folder;

  @Test
  void findsTheFolderThatIsNamed() {
    assertThat(DemoMaterial.find()).map(DemoMaterial::root).hasValue(TESTDATA);
    assertThat(DemoMaterial.find().orElseThrow().missing()).isEmpty();
  }

  @Test
  void findsTheFolderOfTheCheckoutItRunsIn() {
    String named = System.clearProperty("radiata.testdata");
    try {
      assertThat(DemoMaterial.find()).map(DemoMaterial::root).hasValue(TESTDATA);
    } finally {
      System.setProperty("radiata.testdata", named);
    }
  }

  @Test
  void looksBelowTheHomeBeforeTheProgram() throws IOException {
    DemoMaterial below = new DemoMaterial(folder.resolve("testdata"));
    String named = System.clearProperty("radiata.testdata");
    System.setProperty("radiata.home", folder.toString());
    try {
      assertThat(DemoMaterial.find()).map(DemoMaterial::root).hasValue(TESTDATA);
      Files.createDirectories(below.stories());
      assertThat(DemoMaterial.find()).hasValue(below);
    } finally {
      System.clearProperty("radiata.home");
      System.setProperty("radiata.testdata", named);
    }
  }

  @Test
  void saysWhatIsMissing() {
    DemoMaterial nothing = new DemoMaterial(folder);

    assertThat(nothing.missing()).hasSize(11).contains(nothing.lora(), nothing.stories());
  }

  @Test
  void readsWhatOthersRecorded() throws IOException {
    StoryRecord record = StoryRecord.read(new DemoMaterial(TESTDATA));

    assertThat(record.story()).hasSize(201).startsWith(1, 403, 407);
    assertThat(record.texts()).hasSize(16).allMatch(text -> text.size() == 96);
    assertThat(record.texts().stream().flatMap(List::stream)).allMatch(id -> id >= 0 && id < 512);
    assertThat(record.before()).isGreaterThan(record.after());
  }

  @Test
  void refusesABrokenRecord() throws IOException {
    DemoMaterial broken = new DemoMaterial(folder);
    Files.createDirectories(broken.stories());
    Files.createDirectories(broken.record().getParent());
    Files.writeString(broken.story(), "{}");
    Files.writeString(broken.record(), "{\"facts\": 1}");

    assertThatThrownBy(() -> StoryRecord.read(broken)).isInstanceOf(FileSystemException.class);
    Files.writeString(broken.record(), "[");
    assertThatThrownBy(() -> StoryRecord.read(broken)).isInstanceOf(FileSystemException.class);
  }
}
