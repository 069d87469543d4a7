package radiata.cli.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/// A reader that is fuzzed: what its inputs are made of, and how one is opened.
sealed interface Target permits AdapterTarget, HeaderTarget, PickleTarget {
  /// Every target, by the name it is asked for.
  static Target named(String name, Path testdata) throws IOException {
    return switch (name) {
      case "pickle" -> new PickleTarget(testdata);
      case "header" -> new HeaderTarget(testdata);
      case "adapter" -> new AdapterTarget(testdata);
      default -> throw new IllegalArgumentException("no target " + name);
    };
  }

  /// Writes one damaged input into `folder`.
  ///
  /// @return the file to open
  Path write(RandomGenerator random, Path folder) throws IOException;

  /// Opens an input and reads what it holds. Refusals of the declared kinds are thrown as they are.
  void open(Path input) throws IOException;

  /// The files below `folder` of such names, sorted, each no longer than `longest` bytes.
  static List<byte[]> seeds(Path folder, String names, long longest) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> file.getFileName().toString().matches(names))
          .filter(file -> file.toFile().length() <= longest)
          .sorted()
          .map(Target::bytes)
          .toList();
    }
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Writes a new file: one that is truncated and written again is flushed by some file systems,
  /// which takes a hundred times as long.
  static Path fresh(Path file, byte[] bytes) throws IOException {
    Files.deleteIfExists(file);
    return Files.write(file, bytes);
  }

  static byte[] pick(List<byte[]> seeds, RandomGenerator random) {
    return seeds.get(random.nextInt(seeds.size()));
  }
}
