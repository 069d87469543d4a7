package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static radiata.safetensors.Outputs.names;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointWriterTest {
  @TempDir Path folder;

  @Test
  void writesAFolderWithItsTextsAndCompanions() throws IOException {
    Path companion = Files.writeString(folder.resolve("tokenizer.json"), "{\"é\":1}");
    OutputPlan base = Outputs.folder(100, "{}");
    OutputPlan plan =
        new OutputPlan(
            true,
            base.files(),
            List.of(new OutputPlan.Companion(companion, Path.of("text/tokenizer.json"))),
            base.generated());
    Path target = folder.resolve("model");
    Outputs.writeFolder(target, plan, 4, Replace.REFUSE);
    assertThat(names(folder)).containsExactly("model", "tokenizer.json");
    assertThat(names(target)).containsExactly("config.json", "model.safetensors", "text", "unet");
    assertThat(target.resolve("text/tokenizer.json")).hasSameBinaryContentAs(companion);
    assertThat(Outputs.fill(target.resolve("unet/model.safetensors"))).isEqualTo(4);
  }

  @Test
  void replacesAWholeFolder() throws IOException {
    Path target = folder.resolve("model");
    Outputs.writeFolder(target, Outputs.folder(10, "old"), 1, Replace.FORCE);
    Files.writeString(target.resolve("stale.safetensors"), "");
    OutputPlan plan = Outputs.folder(20, "new");
    assertThatThrownBy(() -> Outputs.writeFolder(target, plan, 2, Replace.REFUSE))
        .hasMessageContaining("it exists");
    Outputs.writeFolder(target, plan, 2, Replace.FORCE);
    assertThat(names(folder)).containsExactly("model");
    assertThat(names(target)).containsExactly("config.json", "model.safetensors", "unet");
    assertThat(target.resolve("config.json")).hasContent("new");
    assertThat(Outputs.fill(target.resolve("model.safetensors"))).isEqualTo(2);
  }

  @Test
  void keepsAFolderThatHoldsNoModel() throws IOException {
    Path target = Files.createDirectory(folder.resolve("thesis"));
    Files.writeString(target.resolve("chapter1.tex"), "");
    assertThatThrownBy(() -> Outputs.writeFolder(target, Outputs.folder(1, ""), 1, Replace.FORCE))
        .isInstanceOf(SafetensorsException.class)
        .hasMessageContaining("holds no model");
    Files.delete(target.resolve("chapter1.tex"));
    Outputs.writeFolder(target, Outputs.folder(1, ""), 1, Replace.FORCE);
    assertThat(names(target)).contains("model.safetensors");
  }

  @Test
  void swapsFoldersInOneStepOnLinux() throws IOException {
    Path a = Files.createDirectory(folder.resolve("a"));
    Path b = Files.createDirectory(folder.resolve("b"));
    Files.writeString(a.resolve("of-a"), "");
    if (Exchange.swap(a, b)) {
      assertThat(names(b)).containsExactly("of-a");
    } else {
      assertThat(System.getProperty("os.name")).isNotEqualTo("Linux");
    }
    assertThat(Exchange.swap(a, folder.resolve("none"))).isFalse();
  }

  @Test
  void replacesInTwoStepsWhereTheSystemCannotSwap() throws IOException {
    Path target = folder.resolve("model");
    Outputs.writeFolder(target, Outputs.folder(1, "old"), 1, Replace.REFUSE);
    try (TempPlace place = TempPlace.beside(target)) {
      Files.createDirectory(place.path());
      place.replaceInTwoSteps();
    }
    assertThat(names(target)).isEmpty();
    assertThat(names(folder)).containsExactly("model");
    try (TempPlace place = TempPlace.beside(target)) {
      assertThatThrownBy(place::replaceInTwoSteps).isInstanceOf(IOException.class);
      assertThat(target).doesNotExist();
    }
    assertThat(names(folder)).as("a second step that failed").containsExactly("model");
  }

  @Test
  void bringsBackTheFolderOfARunThatDiedBetweenTwoRenames() throws IOException {
    Path target = folder.resolve("model");
    Files.createDirectory(folder.resolve(".model.radiata-0000beef.old"));
    Files.writeString(folder.resolve(".model.radiata-0000beef.old/config.json"), "old");
    Files.createDirectory(folder.resolve(".model.radiata-0000beef.tmp"));
    Files.createFile(folder.resolve(".model.radiata-0000beef.lock"));
    TempPlace.beside(target).close();
    assertThat(names(folder)).containsExactly("model");
    assertThat(target.resolve("config.json")).hasContent("old");
  }

  @Test
  void sweepsOnlyWhatIsDeadAndItsOwn() throws IOException {
    Path target = folder.resolve("x");
    List<String> others =
        List.of(
            ".x.radiata-0000beef.tmp", ".xy.radiata-00000001.lock", ".x.tmp", ".x.radiata-.lock");
    for (String other : others) {
      Files.createFile(folder.resolve(other));
    }
    Files.createFile(folder.resolve(".x.radiata-00000001.lock"));
    Files.createFile(folder.resolve(".x.radiata-00000001.tmp"));
    try (TempPlace first = TempPlace.beside(target)) {
      Files.createFile(first.path());
      assertThat(names(folder)).doesNotContain(".x.radiata-00000001.lock").hasSize(6);
      TempPlace.beside(target).close();
      assertThat(first.path()).exists();
    }
    assertThat(names(folder)).containsExactlyInAnyOrderElementsOf(others);
  }

  @Test
  void refusesPathsOutsideTheFolder() {
    Header header = Outputs.header(1);
    for (String path : List.of("../x", "/x", "a/../../x", "", ".")) {
      List<OutputPlan.OutputFile> files = List.of(new OutputPlan.OutputFile(Path.of(path), header));
      assertThatThrownBy(() -> new OutputPlan(true, files, List.of(), List.of()))
          .isInstanceOf(IllegalArgumentException.class);
    }
    List<OutputPlan.GeneratedFile> twice =
        List.of(
            new OutputPlan.GeneratedFile(Path.of("a"), ""),
            new OutputPlan.GeneratedFile(Path.of("b/../a"), ""));
    assertThatThrownBy(() -> new OutputPlan(true, List.of(), List.of(), twice))
        .hasMessageContaining("two files");
  }
}
