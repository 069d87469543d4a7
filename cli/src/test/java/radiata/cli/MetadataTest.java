package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.cli.Ran.radiata;
import static radiata.cli.TensorFileBuilder.shape;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetadataTest {
  @TempDir private Path folder;
  private Path file;
  private Path plain;

  @BeforeEach
  void write() throws IOException {
    file = tensors().metadata("title", "a=b").metadata("note", "x\ny").write(folder.resolve("a"));
    plain = tensors().write(folder.resolve("b"));
  }

  private static TensorFileBuilder tensors() {
    return new TensorFileBuilder().f32("w", shape(2), 1, 2);
  }

  private static JsonObject metadata(Path file) {
    return radiata("metadata", "show", file, "--json").json().getAsJsonObject("metadata");
  }

  private void assertTensorsUnchanged(Path edited) {
    assertThat(radiata("compare", edited, plain).exit()).isZero();
  }

  @Test
  void showsKeysAndValues() {
    assertThat(radiata("metadata", "show", file))
        .isEqualTo(new Ran(0, "title: a=b\nnote: x\\ny\n", ""));
    assertThat(metadata(file)).hasToString("{\"title\":\"a=b\",\"note\":\"x\\ny\"}");
    assertThat(radiata("metadata", "show", plain).out()).isEqualTo("no metadata\n");
    assertThat(metadata(plain)).hasToString("{}");
  }

  @Test
  void setsKeysInPlaceWhenTheHeaderHasRoom() throws IOException {
    long size = Files.size(file);

    Ran ran = radiata("metadata", "set", file, "title=", "note=z=1");

    assertThat(ran.exit()).isZero();
    assertThat(metadata(file)).hasToString("{\"note\":\"z=1\",\"title\":\"\"}");
    assertThat(Files.size(file)).isEqualTo(size);
    assertTensorsUnchanged(file);
  }

  @Test
  void setsKeysThatNeedALongerHeader() {
    String value = "long ".repeat(1000);

    assertThat(radiata("metadata", "set", plain, "k=" + value).exit()).isZero();

    assertThat(metadata(plain).get("k").getAsString()).isEqualTo(value);
    assertThat(radiata("compare", plain, file).exit()).isZero();
  }

  @Test
  void removesKeys() {
    assertThat(radiata("metadata", "unset", file, "note").exit()).isZero();
    assertThat(metadata(file)).hasToString("{\"title\":\"a=b\"}");
    assertTensorsUnchanged(file);
  }

  @Test
  void removesNothingWhenAKeyIsMissing() {
    Ran ran = radiata("metadata", "unset", file, "note", "titel");

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err())
        .isEqualTo(
            "radiata metadata: %s: has no key 'titel' in its metadata; the nearest is 'title'\n"
                .formatted(file));
    assertThat(metadata(file).size()).isEqualTo(2);
    assertThat(radiata("metadata", "unset", plain, "k").exit()).isEqualTo(1);
  }

  @Test
  void copiesTheKeysOfAnotherFileAndKeepsTheRest() {
    radiata("metadata", "set", plain, "title=old", "own=1");

    assertThat(radiata("metadata", "copy", file, plain).exit()).isZero();

    assertThat(metadata(plain).get("title").getAsString()).isEqualTo("a=b");
    assertThat(metadata(plain).get("note").getAsString()).isEqualTo("x\ny");
    assertThat(metadata(plain).get("own").getAsString()).isEqualTo("1");
    assertThat(metadata(plain).size()).isEqualTo(3);
    assertThat(radiata("compare", plain, file).exit()).isZero();
  }

  @Test
  void refusesToCopyWhatIsNotThere() {
    assertThat(radiata("metadata", "copy", plain, file).err()).contains("has no metadata to copy");
    assertThat(metadata(file).size()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "show | FILE is missing",
        "set | FILE is missing",
        "set f | KEY=VALUE is missing",
        "set f title | 'title' is not KEY=VALUE",
        "set f =x | '=x' is not KEY=VALUE",
        "unset f | KEY is missing",
        "copy f | TO is missing",
        "shwo f | unknown action 'shwo'; the nearest is 'show'"
      })
  void saysWhatIsWrongWithTheCommandLine(String words, String said) {
    assertThat(radiata((Object[]) ("metadata " + words).split(" ")))
        .isEqualTo(new Ran(2, "", "radiata metadata: " + said + "\n"));
  }

  @Test
  void leavesAFileThatIsNotThereAlone() {
    Path absent = folder.resolve("absent");

    assertThat(radiata("metadata", "set", absent, "k=v").exit()).isEqualTo(1);
    assertThat(absent).doesNotExist();
  }
}
