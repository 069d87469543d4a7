package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static radiata.safetensors.BrokenFile.entry;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.safetensors.Checkpoint.Layout;
import radiata.safetensors.Checkpoint.Part;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.SafetensorsException.Kind;

class CheckpointTest {
  private static final String SHARD_1 = "model-00001-of-00002.safetensors";
  private static final String SHARD_2 = "model-00002-of-00002.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  @TempDir Path folder;

  @Test
  void opensASingleFile() throws IOException {
    Path file = weights("adapter.safetensors", "a", "b");
    text("notes.txt", "mine");
    try (Checkpoint model = open(file)) {
      assertThat(model.layout()).isEqualTo(Layout.FILE);
      assertThat(model.path()).isEqualTo(file);
      assertThat(model.tensors()).extracting(Stored::name).containsExactly("a", "b");
      assertThat(model.parts()).extracting(Part::relative).containsExactly(file.getFileName());
      assertThat(model.tensor("", "b").orElseThrow().part()).isEqualTo(model.parts().getFirst());
      assertThat(model.tensor("unet", "b")).isEmpty();
      assertThat(model.metadata()).containsEntry("format", "pt");
      assertThat(model.companions()).isEmpty();
      assertThat(model.config("")).isEmpty();
    }
  }

  @Test
  void takesTheOnlyFileOfAPlainFolderForTheModel() throws IOException {
    Path file = weights("anything.safetensors", "a");
    try (Checkpoint model = open(folder)) {
      assertThat(model.layout()).isEqualTo(Layout.FILE);
      assertThat(model.path()).isEqualTo(file);
    }
  }

  @Test
  void opensShardsByTheirFolder() throws IOException {
    shards();
    text("README.md", "words");
    weights("stale.safetensors", "z");
    try (Checkpoint model = open(folder)) {
      assertThat(model.layout()).isEqualTo(Layout.SHARDED);
      assertThat(model.path()).isEqualTo(folder);
      assertThat(model.tensors()).extracting(Stored::name).containsExactly("a", "b", "c");
      assertThat(model.parts()).extracting(part -> part.relative().toString())
          .containsExactly(SHARD_1, SHARD_2);
      assertThat(model.indexes()).containsExactly(Path.of(INDEX));
      assertThat(model.companions()).containsExactly(Path.of("README.md"));
      assertThat(model.tensor("", "c").orElseThrow().part().relative()).hasToString(SHARD_2);
    }
  }

  @Test
  void opensShardsByTheirIndex() throws IOException {
    shards();
    text("holiday.jpg", "not part of the model");
    try (Checkpoint model = open(folder.resolve(INDEX))) {
      assertThat(model.layout()).isEqualTo(Layout.SHARDED);
      assertThat(model.path()).isEqualTo(folder);
      assertThat(model.tensors()).hasSize(3);
      assertThat(model.companions()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void opensAHuggingFaceFolder(boolean sharded) throws IOException {
    if (sharded) {
      shards();
    } else {
      weights("model.safetensors", "a", "b", "c");
      weights("consolidated.safetensors", "x");
    }
    text("config.json", "{\"model_type\":\"llama\"}");
    text("tokenizer.json", "{}");
    text("original/params.json", "{}");
    text("pytorch_model.bin", "stale");
    text("pytorch_model.bin.index.json", "{}");
    text(".cache/huggingface/x.metadata", "download");
    text(".git/HEAD", "ref");
    try (Checkpoint model = open(sharded ? folder.resolve(INDEX) : folder)) {
      assertThat(model.layout()).isEqualTo(Layout.HUGGING_FACE);
      assertThat(model.tensors()).hasSize(3);
      assertThat(model.config("")).contains("{\"model_type\":\"llama\"}");
      assertThat(model.companions())
          .containsExactly(
              Path.of("config.json"), Path.of("original", "params.json"), Path.of("tokenizer.json"));
    }
  }

  @Test
  void opensADiffusersFolder() throws IOException {
    diffusers();
    try (Checkpoint model = open(folder)) {
      assertThat(model.layout()).isEqualTo(Layout.DIFFUSERS);
      assertThat(model.parts())
          .extracting(part -> part.component() + ":" + part.relative())
          .containsExactly(
              "text_encoder:" + Path.of("text_encoder", "model.safetensors"),
              "text_encoder_2:" + Path.of("text_encoder_2", "model.fp16.safetensors"),
              "unet:" + Path.of("unet", "diffusion_pytorch_model-00001-of-00001.safetensors"),
              "vae:" + Path.of("vae", "diffusion_pytorch_model.safetensors"));
      assertThat(model.indexes())
          .containsExactly(Path.of("unet", "diffusion_pytorch_model.safetensors.index.json"));
      assertThat(model.tensor("text_encoder", "shared")).isPresent();
      assertThat(model.tensor("text_encoder_2", "shared").orElseThrow().component())
          .isEqualTo("text_encoder_2");
      assertThat(model.tensor("unet", "shared")).isEmpty();
      assertThat(model.config("unet")).contains("{\"of\":\"unet\"}");
      assertThat(model.config("vae")).isEmpty();
      assertThat(model.companions())
          .containsExactly(
              Path.of("model_index.json"),
              Path.of("scheduler", "scheduler_config.json"),
              Path.of("tokenizer", "vocab.json"),
              Path.of("unet", "config.json"));
    }
  }

  @Test
  void refusesADiffusersFolderThatLacksAComponent() throws IOException {
    diffusers();
    Files.delete(folder.resolve("vae/diffusion_pytorch_model.safetensors"));
    assertThat(refused(folder, Kind.BROKEN_INDEX)).contains("\"vae\"");
    text("vae/diffusion_pytorch_model.bin", "torch");
    assertThat(refused(folder, Kind.BROKEN_INDEX)).contains("convert");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"../x\":[\"a\",\"b\"]}", "{\"/etc\":[\"a\",\"b\"]}", "{\"..\":[\"a\",\"b\"]}",
        "{\"a\\\\b\":[\"a\",\"b\"]}", "{\"C:x\":[\"a\",\"b\"]}", "{\"\":[\"a\",\"b\"]}", "[]", "{", "{}"
      })
  void refusesAHostileModelIndex(String json) throws IOException {
    text("model_index.json", json);
    refused(folder, Kind.BROKEN_INDEX);
  }

  @Test
  void takesAnIndexOfAVariantWhereThereIsNoOther() throws IOException {
    weights("diffusion_pytorch_model.fp16-00001-of-00001.safetensors", "a");
    text(
        "diffusion_pytorch_model.safetensors.index.fp16.json",
        index("a", "diffusion_pytorch_model.fp16-00001-of-00001.safetensors"));
    text("config.json", "{}");
    try (Checkpoint model = open(folder)) {
      assertThat(model.tensors()).hasSize(1);
    }
    weights("diffusion_pytorch_model.safetensors", "a", "b");
    try (Checkpoint model = open(folder)) {
      assertThat(model.tensors()).as("the plain one goes before").hasSize(2);
    }
  }

  @Test
  void refusesSeveralFilesWithoutAnIndex() throws IOException {
    weights("x.safetensors", "a");
    weights("y.safetensors", "b");
    assertThat(refused(folder, Kind.BROKEN_INDEX)).contains("\"x.safetensors\", \"y.safetensors\"");
  }

  @Test
  void refusesShardsWithoutTheirIndex() throws IOException {
    weights(SHARD_1, "a");
    assertThat(refused(folder, Kind.BROKEN_INDEX)).contains("without their index");
  }

  @Test
  void refusesAFolderWithoutWeightsAndNothingAtAll() throws IOException {
    text("config.json", "{}");
    refused(folder, Kind.NOT_A_FILE);
    refused(folder.resolve("missing"), Kind.NOT_A_FILE);
    text("pytorch_model.bin", "torch");
    assertThat(refused(folder, Kind.BROKEN_INDEX)).contains("pytorch_model.bin");
  }

  static List<Arguments> contradictions() {
    return List.of(
        Arguments.of("missing shard", index("a", SHARD_1, "b", SHARD_1, "c", "gone.safetensors")),
        Arguments.of("tensor in no shard", index("a", SHARD_1, "b", SHARD_1, "c", SHARD_2, "d", SHARD_2)),
        Arguments.of("tensor not listed", index("a", SHARD_1, "c", SHARD_2)),
        Arguments.of("tensor in another shard", index("a", SHARD_1, "b", SHARD_2, "c", SHARD_2)),
        Arguments.of("path traversal", index("a", "../" + SHARD_1)),
        Arguments.of("inner folder", index("a", "x/" + SHARD_1)),
        Arguments.of("absolute", index("a", "/tmp/x.safetensors")),
        Arguments.of("drive", index("a", "C:x.safetensors")),
        Arguments.of("stream", index("a", "x.safetensors:y.safetensors")),
        Arguments.of("backslash", index("a", "a\\\\b.safetensors")),
        Arguments.of("NUL", index("a", "a\\u0000.safetensors")),
        Arguments.of("wrong extension", index("a", "model.bin")),
        Arguments.of("extension alone", index("a", ".safetensors")),
        Arguments.of("empty name", index("a", "")),
        Arguments.of("name twice", index("a", SHARD_1, "a", SHARD_2)),
        Arguments.of("number for a file", "{\"weight_map\":{\"a\":1}}"),
        Arguments.of("null for a file", "{\"weight_map\":{\"a\":null}}"),
        Arguments.of("map as array", "{\"weight_map\":[]}"),
        Arguments.of("no map", "{\"metadata\":{}}"),
        Arguments.of("empty map", "{\"weight_map\":{}}"),
        Arguments.of("two maps", "{\"weight_map\":{\"a\":\"x.safetensors\"},\"weight_map\":{}}"),
        Arguments.of("no object", "[]"),
        Arguments.of("nothing", ""),
        Arguments.of("cut short", "{\"weight_map\":{\"a\":"),
        Arguments.of("single quotes", "{'weight_map':{}}"),
        Arguments.of("trailing text", index("a", SHARD_1, "b", SHARD_1, "c", SHARD_2) + "x"),
        Arguments.of("deep nesting", "{\"metadata\":" + "[".repeat(100_000)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("contradictions")
  void refusesAnIndexThatIsBrokenOrContradictsItsShards(String name, String json)
      throws IOException {
    shards();
    text(INDEX, json);
    refused(folder, Kind.BROKEN_INDEX);
  }

  @Test
  void refusesATensorInTwoShards() throws IOException {
    shards();
    weights(SHARD_2, "c", "a");
    assertThat(refused(folder, Kind.BROKEN_INDEX)).contains("\"a\"", SHARD_1, SHARD_2);
  }

  @Test
  void refusesAnIndexThatIsNotUtf8OrTooLong() throws IOException {
    shards();
    Files.write(folder.resolve(INDEX), new byte[] {'{', '"', (byte) 0xff, '"'});
    refused(folder, Kind.BROKEN_INDEX);
    text(INDEX, " ".repeat(25_000_001));
    refused(folder, Kind.LIMIT);
  }

  @Test
  void passesTheErrorOfABrokenShardOn() throws IOException {
    shards();
    Files.write(folder.resolve(SHARD_2), new byte[3]);
    refused(folder, Kind.HEADER_TOO_SMALL);
  }

  @Test
  void believesNothingElseOfAnIndex() throws IOException {
    shards();
    text(
        INDEX,
        index("a", SHARD_1, "b", SHARD_1, "c", SHARD_2)
            .replace("\"weight_map\"", "\"metadata\":{\"total_size\":1e300,\"x\":[null]},\"weight_map\""));
    try (Checkpoint model = open(folder)) {
      assertThat(model.tensors()).hasSize(3);
    }
  }

  /// The cache of huggingface_hub: a snapshot is a folder of links to blobs named by their hash.
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void opensASnapshotMadeOfLinks() throws IOException {
    Path blobs = Files.createDirectories(folder.resolve("blobs"));
    Path snapshot = Files.createDirectories(folder.resolve("snapshots/0123"));
    weights("blobs/aaaa", "a");
    text("blobs/bbbb", "{}");
    Files.createSymbolicLink(snapshot.resolve("model.safetensors"), blobs.resolve("aaaa"));
    Files.createSymbolicLink(snapshot.resolve("config.json"), blobs.resolve("bbbb"));
    Files.createSymbolicLink(snapshot.resolve("loop"), snapshot);
    Files.createSymbolicLink(snapshot.resolve("dangling.txt"), blobs.resolve("none"));
    try (Checkpoint model = open(snapshot)) {
      assertThat(model.companions()).containsExactly(Path.of("config.json"));
      assertThat(model.parts().getFirst().relative()).hasToString("model.safetensors");
      byte[] read = new byte[1];
      Stored a = model.tensors().getFirst();
      a.part().file().read(a.info(), 0, MemorySegment.ofArray(read));
      assertThat(read).containsExactly(0);
    }
  }

  @Test
  void opensTheRealLanguageModel() throws IOException {
    Path real = Path.of(System.getProperty("radiata.testdata"), "real/models/stories260K");
    try (Checkpoint model = open(real)) {
      assertThat(model.layout()).isEqualTo(Layout.HUGGING_FACE);
      assertThat(model.tensors()).isNotEmpty();
      assertThat(model.config("").orElseThrow()).contains("llama");
      assertThat(model.companions()).contains(Path.of("config.json"), Path.of("vocab.json"));
    }
  }

  private void shards() throws IOException {
    weights(SHARD_1, "a", "b");
    weights(SHARD_2, "c");
    text(INDEX, index("a", SHARD_1, "b", SHARD_1, "c", SHARD_2));
  }

  private void diffusers() throws IOException {
    text(
        "model_index.json",
        """
        {"_class_name": "StableDiffusionXLPipeline", "_diffusers_version": "0.30.0",
         "feature_extractor": [null, null], "force_zeros_for_empty_prompt": true,
         "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
         "scheduler": ["diffusers", "EulerDiscreteScheduler"],
         "text_encoder": ["transformers", "CLIPTextModel"],
         "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
         "tokenizer": ["transformers", "CLIPTokenizer"],
         "unet": ["diffusers", "UNet2DConditionModel"],
         "vae": ["diffusers", "AutoencoderKL"]}
        """);
    text("scheduler/scheduler_config.json", "{}");
    text("tokenizer/vocab.json", "{}");
    text("unet/config.json", "{\"of\":\"unet\"}");
    String shard = "diffusion_pytorch_model-00001-of-00001.safetensors";
    weights("unet/" + shard, "u");
    text("unet/diffusion_pytorch_model.safetensors.index.json", index("u", shard));
    weights("unet/diffusion_pytorch_model.fp16.safetensors", "stale");
    weights("vae/diffusion_pytorch_model.safetensors", "v");
    weights("text_encoder/model.safetensors", "shared");
    weights("text_encoder/model.fp16.safetensors", "half");
    text("text_encoder/pytorch_model.bin", "torch");
    weights("text_encoder_2/model.fp16.safetensors", "shared");
  }

  private static String index(String... tensorAndFile) {
    StringBuilder map = new StringBuilder();
    for (int i = 0; i < tensorAndFile.length; i += 2) {
      map.append(i == 0 ? "" : ",")
          .append("\"%s\":\"%s\"".formatted(tensorAndFile[i], tensorAndFile[i + 1]));
    }
    return "{\"weight_map\":{" + map + "}}";
  }

  private Path weights(String relative, String... names) throws IOException {
    StringBuilder header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
    for (int i = 0; i < names.length; i++) {
      header.append(',').append(entry(names[i], "U8", "[1]", i, i + 1));
    }
    Path file = folder.resolve(relative);
    Files.createDirectories(file.getParent());
    return BrokenFile.header(header + "}").zeros(names.length).write(file);
  }

  private void text(String relative, String text) throws IOException {
    Path file = folder.resolve(relative);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private static Checkpoint open(Path path) throws IOException {
    return Checkpoint.open(path, Limits.DEFAULT);
  }

  /// Also that nothing stays open: a refused model leaves no file behind.
  private static String refused(Path path, Kind kind) throws IOException {
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
