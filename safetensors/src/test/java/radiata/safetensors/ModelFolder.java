package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static radiata.safetensors.BrokenFile.entry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import radiata.safetensors.SafetensorsException.Kind;

/// A folder that a test fills with weights and texts, and what opening it must give.
record ModelFolder(Path root) {
  static final String SHARD_1 = "model-00001-of-00002.safetensors";
  static final String SHARD_2 = "model-00002-of-00002.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  /// Two shards that hold a, b and c, and their index.
  void shards() throws IOException {
    weights(SHARD_1, "a", "b");
    weights(SHARD_2, "c");
    text(INDEX, index("a", SHARD_1, "b", SHARD_1, "c", SHARD_2));
  }

  static String index(String... tensorAndFile) {
    StringBuilder map = new StringBuilder();
    for (int i = 0; i < tensorAndFile.length; i += 2) {
      map.append(i == 0 ? "" : ",")
          .append("\"%s\":\"%s\"".formatted(tensorAndFile[i], tensorAndFile[i + 1]));
    }
    return "{\"weight_map\":{" + map + "}}";
  }

  Path weights(String relative, String... names) throws IOException {
    StringBuilder header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
    for (int i = 0; i < names.length; i++) {
      header.append(',').append(entry(names[i], "U8", "[1]", i, i + 1));
    }
    Path file = root.resolve(relative);
    Files.createDirectories(file.getParent());
    return BrokenFile.header(header + "}").zeros(names.length).write(file);
  }

  void text(String relative, String text) throws IOException {
    Path file = root.resolve(relative);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  static Checkpoint open(Path path) throws IOException {
    return Checkpoint.open(path, Limits.DEFAULT);
  }

  /// Also that nothing stays open: a refused model leaves no file behind.
  static String refused(Path path, Kind kind) throws IOException {
    long before = openFiles();
    SafetensorsException e =
        catchThrowableOfType(SafetensorsException.class, () -> open(path).close());
    assertThat(e).isNotNull();
    assertThat(e.kind()).isEqualTo(kind);
    assertThat(e.getMessage()).doesNotContain("\n");
    assertThat(openFiles()).isEqualTo(before);
    return e.getMessage();
  }

  private static long openFiles() throws IOException {
    Path descriptors = Path.of("/proc/self/fd");
    if (!Files.isDirectory(descriptors)) {
      return 0;
    }
    try (Stream<Path> open = Files.list(descriptors)) {
      return open.filter(
              fd -> {
                try {
                  return Files.readSymbolicLink(fd).toString().contains("safetensors");
                } catch (IOException e) {
                  return false;
                }
              })
          .count();
    }
  }
}
