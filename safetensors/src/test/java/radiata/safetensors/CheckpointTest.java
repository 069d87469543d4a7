package radiata.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static radiata.safetensors.ModelFolder.INDEX;
import static radiata.safetensors.ModelFolder.SHARD_1;
import static radiata.safetensors.ModelFolder.SHARD_2;
import static radiata.safetensors.ModelFolder.index;
import static radiata.safetensors.ModelFolder.open;
import static radiata.safetensors.ModelFolder.refused;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import radiata.safetensors.Checkpoint.Layout;
import radiata.safetensors.Checkpoint.Part;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.SafetensorsException.Kind;

class CheckpointTest {
  @TempDir Path folder;
  private ModelFolder files;

  @BeforeEach
  void make() {
    files = new ModelFolder(folder);
  }

  @Test
  void opensASingleFile() throws IOException {
    Path file = files.weights("adapter.safetensors", "a", "b");
    files.text("notes.txt", "mine");
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
    Path file = files.weights("anything.safetensors", "a");
    try (Checkpoint model = open(folder)) {
      assertThat(model.layout()).isEqualTo(Layout.FILE);
      assertThat(model.path()).isEqualTo(file);
    }
  }

  @Test
  void opensShardsByTheirFolder() throws IOException {
    files.shards();
    files.text("README.md", "words");
    files.weights("stale.safetensors", "z");
    try (Checkpoint model = open(folder)) {
      assertThat(model.layout()).isEqualTo(Layout.SHARDED);
      assertThat(model.path()).isEqualTo(folder);
      assertThat(model.tensors()).extracting(Stored::name).containsExactly("a", "b", "c");
      assertThat(model.parts())
          .extracting(part -> part.relative().toString())
          .containsExactly(SHARD_1, SHARD_2);
      assertThat(model.indexes()).containsExactly(Path.of(INDEX));
      assertThat(model.companions()).containsExactly(Path.of("README.md"));
      assertThat(model.tensor("", "c").orElseThrow().part().relative()).hasToString(SHARD_2);
    }
  }

  @Test
  void opensShardsByTheirIndex() throws IOException {
    files.shards();
    files.text("holiday.jpg", "not part of the model");
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
      files.shards();
    } else {
      files.weights("model.safetensors", "a", "b", "c");
      files.weights("consolidated.safetensors", "x");
    }
    files.text("config.json", "{\"model_type\":\"llama\"}");
    files.text("tokenizer.json", "{}");
    files.text("original/params.json", "{}");
    files.text("pytorch_model.bin", "stale");
    files.text("pytorch_model.bin.index.json", "{}");
    files.text(".cache/huggingface/x.metadata", "download");
    files.text(".git/HEAD", "ref");
    try (Checkpoint model = open(sharded ? folder.resolve(INDEX) : folder)) {
      assertThat(model.layout()).isEqualTo(Layout.HUGGING_FACE);
      assertThat(model.tensors()).hasSize(3);
      assertThat(model.config("")).contains("{\"model_type\":\"llama\"}");
      assertThat(model.companions())
          .containsExactly(
              Path.of("config.json"),
              Path.of("original", "params.json"),
              Path.of("tokenizer.json"));
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
    files.text("vae/diffusion_pytorch_model.gguf", "GGUF");
    assertThat(refused(folder, Kind.BROKEN_INDEX)).contains("convert");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"../x\":[\"a\",\"b\"]}",
        "{\"/etc\":[\"a\",\"b\"]}",
        "{\"..\":[\"a\",\"b\"]}",
        "{\"a\\\\b\":[\"a\",\"b\"]}",
        "{\"C:x\":[\"a\",\"b\"]}",
        "{\"\":[\"a\",\"b\"]}",
        "[]",
        "{",
        "{}"
      })
  void refusesAHostileModelIndex(String json) throws IOException {
    files.text("model_index.json", json);
    refused(folder, Kind.BROKEN_INDEX);
  }

  @Test
  void takesAnIndexOfAVariantWhereThereIsNoOther() throws IOException {
    files.weights("diffusion_pytorch_model.fp16-00001-of-00001.safetensors", "a");
    files.text(
        "diffusion_pytorch_model.safetensors.index.fp16.json",
        index("a", "diffusion_pytorch_model.fp16-00001-of-00001.safetensors"));
    files.text("config.json", "{}");
    try (Checkpoint model = open(folder)) {
      assertThat(model.tensors()).hasSize(1);
    }
    files.weights("diffusion_pytorch_model.safetensors", "a", "b");
    try (Checkpoint model = open(folder)) {
      assertThat(model.tensors()).as("the plain one goes before").hasSize(2);
    }
  }

  @Test
  void refusesSeveralFilesWithoutAnIndex() throws IOException {
    files.weights("x.safetensors", "a");
    files.weights("y.safetensors", "b");
    assertThat(refused(folder, Kind.BROKEN_INDEX)).contains("\"x.safetensors\", \"y.safetensors\"");
  }

  @Test
  void refusesShardsWithoutTheirIndex() throws IOException {
    files.weights(SHARD_1, "a");
    assertThat(refused(folder, Kind.BROKEN_INDEX)).contains("without their index");
  }

  @Test
  void refusesAFolderWithoutWeightsAndNothingAtAll() throws IOException {
    files.text("config.json", "{}");
    refused(folder, Kind.NOT_A_FILE);
    refused(folder.resolve("missing"), Kind.NOT_A_FILE);
    files.text("model.h5", "keras");
    assertThat(refused(folder, Kind.BROKEN_INDEX)).contains("model.h5");
  }

  /// The cache of huggingface_hub: a snapshot is a folder of links to blobs named by their hash.
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void opensASnapshotMadeOfLinks() throws IOException {
    Path blobs = Files.createDirectories(folder.resolve("blobs"));
    Path snapshot = Files.createDirectories(folder.resolve("snapshots/0123"));
    files.weights("blobs/aaaa", "a");
    files.text("blobs/bbbb", "{}");
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

  private void diffusers() throws IOException {
    files.text(
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
    files.text("scheduler/scheduler_config.json", "{}");
    files.text("tokenizer/vocab.json", "{}");
    files.text("unet/config.json", "{\"of\":\"unet\"}");
    String shard = "diffusion_pytorch_model-00001-of-00001.safetensors";
    files.weights("unet/" + shard, "u");
    files.text("unet/diffusion_pytorch_model.safetensors.index.json", index("u", shard));
    files.weights("unet/diffusion_pytorch_model.fp16.safetensors", "stale");
    files.weights("vae/diffusion_pytorch_model.safetensors", "v");
    files.weights("text_encoder/model.safetensors", "shared");
    files.weights("text_encoder/model.fp16.safetensors", "half");
    files.text("text_encoder/pytorch_model.bin", "torch");
    files.weights("text_encoder_2/model.fp16.safetensors", "shared");
  }
}
