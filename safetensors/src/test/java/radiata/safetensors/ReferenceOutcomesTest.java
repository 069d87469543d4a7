package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Damaged files and what safetensors 0.8.0 made of each (`reference-outcomes.py` wrote them down).
class ReferenceOutcomesTest {
  @TempDir Path folder;

  @Test
  void agreesWithTheReferenceOnEveryDamagedFile() throws IOException {
    List<String> lines;
    try (InputStream in = getClass().getResourceAsStream("reference-outcomes.tsv")) {
      lines = new String(in.readAllBytes(), StandardCharsets.US_ASCII).lines().toList();
    }
    assertThat(lines).hasSizeGreaterThan(300);
    for (String line : lines) {
      String[] cells = line.split("\t");
      byte[] bytes = HexFormat.of().parseHex(cells[0]);
      assertThat(outcome(bytes))
          .as(new String(bytes, StandardCharsets.ISO_8859_1))
          .isEqualTo(cells[1]);
    }
  }

  private String outcome(byte[] bytes) throws IOException {
    Path file = folder.resolve("damaged");
    Files.deleteIfExists(file);
    Files.write(file, bytes);
    try {
      SafetensorsFile.open(file).close();
      return "ok";
    } catch (SafetensorsException e) {
      return e.kind().name();
    }
  }
}
