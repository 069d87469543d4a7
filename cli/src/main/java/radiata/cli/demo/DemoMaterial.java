package radiata.cli.demo;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The files that the demonstration works on: the folder `testdata` of a source checkout.
public record DemoMaterial(Path root) {
  /// Looks in the system property `radiata.testdata`, then below `radiata.home`, then beside the
  /// program: in every folder above the one it was loaded from.
  public static Optional<DemoMaterial> find() {
    String named = System.getProperty("radiata.testdata");
    if (named != null) {
      return Optional.of(new DemoMaterial(Path.of(named)));
    }
    Stream<Path> home = Stream.ofNullable(System.getProperty("radiata.home")).map(Path::of);
    return Stream.concat(home, foldersAboveProgram())
        .map(folder -> new DemoMaterial(folder.resolve("testdata")))
        .filter(material -> Files.isDirectory(material.stories()))
        .findFirst();
  }

  private static Stream<Path> foldersAboveProgram() {
    CodeSource source = DemoMaterial.class.getProtectionDomain().getCodeSource();
    if (source == null || source.getLocation() == null) {
      return Stream.empty();
    }
    try {
      return Stream.iterate(Path.of(source.getLocation().toURI()), Path::getParent)
          .takeWhile(folder -> folder != null);
    } catch (URISyntaxException e) {
      return Stream.empty();
    }
  }

  /// The folder of a language model that writes stories.
  public Path stories() {
    return root.resolve("real/models/stories260K");
  }

  public Path vocabulary() {
    return stories().resolve("vocab.json");
  }

  /// The story that it is known to write.
  public Path story() {
    return stories().resolve("expected_greedy.json");
  }

  /// The record of a training run on it.
  private Path pack() {
    return root.resolve("golden/train/stories-dora");
  }

  /// The DoRA which that run left, as PEFT saved it.
  public Path dora() {
    return pack().resolve("final_adapter.safetensors");
  }

  /// The model with that DoRA merged by PEFT.
  public Path merged() {
    return pack().resolve("merged");
  }

  /// The run's description, with the losses it measured.
  public Path record() {
    return pack().resolve("pack.json");
  }

  /// The run's texts as tokens.
  public Path texts() {
    return pack().resolve("inputs.safetensors");
  }

  /// A LoRA for Stable Diffusion 1.5, of rank 4.
  public Path lora() {
    return root.resolve(
        "real/files/catundchat+stable-diffusion-v1.5-lora__pytorch_lora_weights.safetensors");
  }

  /// Names and shapes of all tensors of Stable Diffusion 1.
  public Path keys() {
    return root.resolve("real/keys/sdmecha__sd1-ldm.tsv");
  }

  /// The tensors that such a LoRA changes.
  public Path places() {
    return root.resolve("real/keys/expected_targets_sd15_attn.tsv");
  }

  /// What of it is not there.
  public List<Path> missing() {
    return Stream.of(
            stories(),
            vocabulary(),
            story(),
            dora(),
            dora().resolveSibling("adapter_config.json"),
            merged(),
            record(),
            texts(),
            lora(),
            keys(),
            places())
        .filter(path -> !Files.exists(path))
        .toList();
  }
}
