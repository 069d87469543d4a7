package radiata.cli.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The readers of what others wrote end only in declared errors, within 192 MB of heap, each in a
/// process of its own. `-Dradiata.fuzz=1000000` for the long run, `-Dradiata.fuzz.first=N` for
/// other inputs.
class FuzzTest {
  private static final long COUNT = Long.getLong("radiata.fuzz", 2_000);
  private static final long FIRST = Long.getLong("radiata.fuzz.first", 0);

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"pickle", "header", "adapter"})
  void damagedInputsEndInDeclaredErrors(String target) throws IOException, InterruptedException {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx192m",
                "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Fuzz.class.getName(),
                target,
                String.valueOf(FIRST),
                String.valueOf(COUNT),
                System.getProperty("radiata.testdata"),
                folder.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(child.waitFor()).as(said).isZero();
    assertThat(said).startsWith(target + ": ").doesNotContain(" 0 opened");
    Files.writeString(Path.of("target", "fuzz-" + target + ".txt"), said);
  }
}
