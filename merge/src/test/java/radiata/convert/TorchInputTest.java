package radiata.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.convert.ConvertedModels.contents;
import static radiata.convert.ConvertedModels.convert;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `torch.save` wrote becomes safetensors of the same tensors.
class TorchInputTest {
  private static final Path TORCH = Path.of(System.getProperty("radiata.testdata"), "torch");
  private static final ConversionRequest KEEP = ConversionRequest.to(TargetLayout.KEEP);

  @TempDir Path folder;

  @Test
  void aTorchFileBecomesASafetensorsFile() throws IOException {
    Path output = folder.resolve("out.safetensors");
    convert(TORCH.resolve("mixed.pt"), KEEP, output, 2);
    assertThat(contents(output)).isNotEmpty().isEqualTo(contents(TORCH.resolve("mixed.pt")));
  }

  @Test
  void theFilesOfAFolderGetTheNamesOfSafetensors() throws IOException {
    Path input = Files.createDirectory(folder.resolve("model"));
    Files.copy(TORCH.resolve("mixed.pt"), input.resolve("pytorch_model.bin"));
    Files.writeString(input.resolve("config.json"), "{}");
    Path output = folder.resolve("out");
    convert(input, KEEP, output, 1);
    try (var files = Files.list(output)) {
      assertThat(new TreeSet<>(files.map(file -> file.getFileName().toString()).toList()))
          .containsExactly("config.json", "model.safetensors");
    }
    assertThat(contents(output)).isEqualTo(contents(TORCH.resolve("mixed.pt")));
  }
}
