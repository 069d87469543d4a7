package radiata.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Folders of pictures and captions, and what is wrong with them.
class ImageFolderTest {
  @TempDir Path folder;
  private Path pictures;

  @BeforeEach
  void aFolderOfPictures() throws IOException {
    pictures = Files.createDirectory(folder.resolve("3_a toy"));
    for (String name : List.of("b.png", "a.PNG", "c.png")) {
      Files.copy(PictureTest.GOLDEN.resolve("coffee.png"), pictures.resolve(name));
    }
    Files.writeString(pictures.resolve("notes.md"), "not a picture");
  }

  static ImageSubset subset(Path folder, String extension) {
    return new ImageSubset(folder, 1, "", extension, false, false, CaptionSettings.DEFAULT);
  }

  private ImageData scan(ImageSubset... subsets) throws IOException {
    BucketSettings buckets = new BucketSettings(new Size(64, 64), true, 32, 128, 32, false);
    return ImageData.scan(List.of(new ImageDataset(buckets, 2, List.of(subsets))));
  }

  private void refused(String... says) {
    assertThatThrownBy(() -> scan(subset(pictures, ".txt")))
        .isInstanceOf(DataException.class)
        .message()
        .doesNotContain("\n")
        .contains(says);
  }

  @Test
  void theGoldenFolderIsRead() throws IOException {
    Path parent = PictureTest.GOLDEN.getParent();
    List<ImageSubset> subsets = ImageFolder.subsets(parent, subset(Path.of(""), ".txt"));
    ImageData data = scan(subsets.toArray(ImageSubset[]::new));
    assertThat(data.notes()).isEmpty();
    assertThat(data.uses()).isEqualTo(6);
    assertThat(data.items().stream().map(ImageItem::caption))
        .containsExactly(
            "an astronaut in an orange suit, smiling",
            "a tabby cat, close up, green eyes",
            "a cup of coffee on a wooden table");
    assertThat(data.items().stream().map(item -> item.fit().bucket()))
        .containsExactly(new Size(64, 64), new Size(64, 64), new Size(32, 96));
    assertThat(data.items().stream().map(ImageItem::first)).containsExactly(0, 2, 4);
  }

  @Test
  void theNameOfAFolderSaysHowOftenAndWhat() throws IOException {
    Files.createDirectory(folder.resolve("sketches"));
    Files.createDirectory(folder.resolve("0_never"));
    Files.createDirectory(folder.resolve("12"));
    List<ImageSubset> subsets = ImageFolder.subsets(folder, subset(Path.of(""), ".txt"));
    assertThat(subsets.stream().map(ImageSubset::repeats)).containsExactly(12, 3);
    assertThat(subsets.stream().map(ImageSubset::classTokens)).containsExactly("", "a toy");
  }

  @Test
  void aPictureWithoutACaptionHasTheClassTokens() throws IOException {
    ImageData data =
        scan(ImageFolder.subsets(folder, subset(folder, ".txt")).toArray(ImageSubset[]::new));
    assertThat(data.items().stream().map(ImageItem::caption)).containsOnly("a toy");
  }

  @Test
  void onlyTheFirstLineCounts() throws IOException {
    Files.writeString(pictures.resolve("b.txt"), "\uFEFF two words \nanother line\n");
    ImageData data = scan(subset(pictures, ".txt"));
    assertThat(data.items().stream().map(item -> item.file().getFileName().toString()))
        .containsExactly("a.PNG", "b.png", "c.png");
    assertThat(data.items().stream().map(ImageItem::caption)).containsExactly("", "two words", "");
    assertThat(data.notes())
        .singleElement()
        .asString()
        .contains("2 of 3 pictures have no caption (.txt)", "an empty one");
  }

  @Test
  void captionsUnderAnotherExtensionOnlyAreToldOf() throws IOException {
    Files.writeString(pictures.resolve("b.caption"), "two words");
    refused("captions of 1 of 3 pictures", ".caption", "caption_extension = \".caption\"");
  }

  @Test
  void anEmptyCaptionIsRefusedAnEmptyLineIsNot() throws IOException {
    Files.writeString(pictures.resolve("b.txt"), "\n");
    assertThat(scan(subset(pictures, ".txt")).items().get(1).caption()).isEmpty();
    Files.writeString(pictures.resolve("b.txt"), "");
    refused("an empty file");
  }

  @Test
  void captionsThatAreNoText() throws IOException {
    Files.write(pictures.resolve("b.txt"), new byte[] {'a', (byte) 0xff});
    refused("not UTF-8");
    Files.write(pictures.resolve("b.txt"), new byte[(1 << 20) + 1]);
    refused("a caption has at most");
  }

  @Test
  void aFolderThatIsNotThereOrHasNoPicture() throws IOException {
    assertThatThrownBy(() -> scan(subset(folder.resolve("none"), ".txt")))
        .isInstanceOf(DataException.class)
        .hasMessage("no such folder");
    assertThatThrownBy(() -> scan(subset(folder, ".txt"))).hasMessageContaining("no picture in it");
    assertThatThrownBy(() -> ImageFolder.subsets(pictures, subset(folder, ".txt")))
        .hasMessageContaining("{repeats}_{class tokens}")
        .hasMessageContaining("image_dir");
  }

  @Test
  void aBrokenPictureIsNamed() throws IOException {
    Files.writeString(pictures.resolve("b.png"), "text");
    assertThatThrownBy(() -> scan(subset(pictures, ".txt")))
        .isInstanceOfSatisfying(
            DataException.class, e -> assertThat(e.file()).isEqualTo(pictures.resolve("b.png")));
  }
}
