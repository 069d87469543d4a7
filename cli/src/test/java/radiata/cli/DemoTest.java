package radiata.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.cli.Ran.TESTDATA;
import static radiata.cli.Ran.radiata;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoTest {
  @TempDir Path folder;

  @AfterEach
  void useTheCommittedMaterial() {
    System.setProperty("radiata.testdata", TESTDATA.toString());
  }

  @Test
  void tellsItsStoryAndLeavesNothingBehind() throws IOException {
    List<Path> before = leftovers();

    Ran ran = radiata("demo");

    assertThat(ran.exit()).as(ran.out() + ran.err()).isZero();
    assertThat(ran.out().lines().filter(line -> line.startsWith("  ✓ "))).hasSize(6);
    assertThat(ran.out()).doesNotContain("✗").endsWith("\nEvery check held.\n");
    assertThat(ran.out().lines().filter(line -> line.startsWith("$ radiata ")))
        .extracting(line -> line.split(" ")[2])
        .containsExactly("inspect", "bake", "bake", "compare", "inspect", "bake", "verify");
    assertThat(ran.out().lines().count()).isBetween(40L, 90L);
    assertThat(leftovers()).isEqualTo(before);
  }

  private static List<Path> leftovers() throws IOException {
    try (Stream<Path> paths = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return paths
          .filter(path -> path.getFileName().toString().startsWith("radiata-demo-"))
          .sorted()
          .toList();
    }
  }

  @Test
  void failsWhenTheReferenceDisagreesAndKeepsWhatItWrote() throws IOException {
    Path material = copied();
    Path merged = material.resolve("golden/train/stories-dora/merged/model.safetensors");
    Files.copy(
        material.resolve("real/models/stories260K/model.safetensors"),
        merged,
        StandardCopyOption.REPLACE_EXISTING);
    System.setProperty("radiata.testdata", material.toString());
    Path kept = folder.resolve("kept");

    Ran ran = radiata("demo", "--json", "--keep", kept);

    assertThat(ran.exit()).isEqualTo(1);
    JsonObject document = ran.json();
    assertThat(document.get("ok").getAsBoolean()).isFalse();
    // The comparison's exit code, the difference, the tokens; all that needs no reference holds.
    assertThat(
            document.getAsJsonArray("checks").asList().stream().map(JsonElement::getAsJsonObject))
        .extracting(check -> check.get("ok").getAsBoolean())
        .containsExactly(false, false, true, false, true, true, true);
    assertThat(document.getAsJsonArray("steps").asList().stream().map(JsonElement::getAsJsonObject))
        .extracting(step -> step.get("exit").getAsInt())
        .containsExactly(0, 0, 0, 1, 0, 0, 0);
    assertThat(document.getAsJsonObject("diffusion").get("changed").getAsInt()).isEqualTo(128);
    assertThat(document.get("kept").getAsString()).isEqualTo(kept.toString());
    assertThat(kept.resolve("stories-baked/config.json"))
        .hasSameTextualContentAs(TESTDATA.resolve("real/models/stories260K/config.json"));
    assertThat(kept.resolve("sd15-baked.safetensors")).exists();
  }

  /// What the demonstration reads, to be changed.
  private Path copied() throws IOException {
    Path material = folder.resolve("testdata");
    for (String part :
        List.of("golden/train/stories-dora", "real/models", "real/files", "real/keys")) {
      Path from = TESTDATA.resolve(part);
      Files.walkFileTree(
          from,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Path to = material.resolve(TESTDATA.relativize(file));
              Files.createDirectories(to.getParent());
              Files.copy(file, to);
              return FileVisitResult.CONTINUE;
            }
          });
    }
    return material;
  }

  @Test
  void namesWhatIsMissingOutsideACheckout() {
    System.setProperty("radiata.testdata", folder.toString());

    Ran ran = radiata("demo");

    assertThat(ran.exit()).isEqualTo(1);
    assertThat(ran.err())
        .isEqualTo(
            "radiata demo: %s: missing, 11 of the demonstration's files are; the source checkout has them\n"
                .formatted(folder.resolve("real/models/stories260K")));
    assertThat(ran.out()).isEmpty();
  }

  @Test
  void takesNoArguments() {
    assertThat(radiata("demo", "x").exit()).isEqualTo(2);
  }
}
