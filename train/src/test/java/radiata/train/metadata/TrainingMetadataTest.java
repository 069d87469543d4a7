package radiata.train.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SequencedMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.safetensors.Hashes;
import radiata.train.config.ImageSection;
import radiata.train.config.TrainConfig;
import radiata.train.data.ImageData;

/// What a trained adapter says of its training.
class TrainingMetadataTest {
  private static final Path GOLDEN =
      Path.of(System.getProperty("radiata.testdata"))
          .resolve("golden/train/sd1-pipeline/dataset")
          .toAbsolutePath();
  private static final RunFacts RUN = new RunFacts(4, 3, 12, 2, 8, Optional.empty());

  @TempDir Path folder;

  @BeforeEach
  void aModel() throws IOException {
    Files.writeString(folder.resolve("model.safetensors"), "");
  }

  private TrainConfig config(String more) throws IOException {
    String text =
        """
        model = "model.safetensors"
        caption_extension = ".txt"
        resolution = 64
        enable_bucket = true
        min_bucket_reso = 32
        max_bucket_reso = 128
        bucket_reso_steps = 32
        output_dir = "out"
        output_name = "cats"
        epochs = 3
        learning_rate = 5e-5
        """;
    return TrainConfig.read(Files.writeString(folder.resolve("t.toml"), text + more));
  }

  private SequencedMap<String, String> metadata(String more) throws IOException {
    return metadata(more, RUN);
  }

  private SequencedMap<String, String> metadata(String more, RunFacts run) throws IOException {
    String data =
        more.contains("dataset_config") ? "" : "train_data_dir = \"%s\"\n".formatted(GOLDEN);
    TrainConfig config = config(data + more);
    ImageData images = ImageData.scan(((ImageSection) config.data()).datasets());
    ModelFacts model =
        new ModelFacts(
            BaseVersion.SD1,
            false,
            "sd15.safetensors",
            Optional.of(new Hashes("ab".repeat(32), Optional.empty(), "cafebabe")),
            Optional.empty());
    return TrainingMetadata.of(config, images, model, run);
  }

  @Test
  void valuesAreWrittenAsPythonWritesThem() throws IOException {
    assertThat(metadata("network_alpha = 8\nnoise_offset = 0.05\nmin_snr_gamma = 5\n"))
        .containsEntry("ss_learning_rate", "5e-05")
        .containsEntry("ss_network_dim", "16")
        .containsEntry("ss_network_alpha", "8.0")
        .containsEntry("ss_noise_offset", "0.05")
        .containsEntry("ss_min_snr_gamma", "5.0")
        .containsEntry("ss_max_grad_norm", "1.0")
        .containsEntry("ss_v2", "False")
        .containsEntry("ss_base_model_version", "sd_v1")
        .containsEntry("ss_clip_skip", "None")
        .containsEntry("ss_num_train_images", "6")
        .containsEntry("ss_steps", "8")
        .containsEntry("ss_resolution", "(64, 64)")
        .containsEntry("ss_sd_model_name", "sd15.safetensors")
        .containsEntry("ss_sd_model_hash", "cafebabe")
        .containsEntry(
            "ss_optimizer",
            "torch.optim.adamw.AdamW(weight_decay=0.01,betas=(0.9, 0.999),eps=1e-08)");
  }

  @Test
  void theDataAreDescribedAsJson() throws IOException {
    assertThat(metadata(""))
        .containsEntry("ss_dataset_dirs", "{\"2_photo\": {\"n_repeats\": 2, \"img_count\": 3}}")
        .containsEntry("ss_reg_dataset_dirs", "{}")
        .containsEntry(
            "ss_tag_frequency",
            "{\"2_photo\": {\"an astronaut in an orange suit\": 1, \"smiling\": 1, \"a tabby cat\": 1,"
                + " \"close up\": 1, \"green eyes\": 1, \"a cup of coffee on a wooden table\": 1}}")
        .containsEntry(
            "ss_bucket_info",
            "{\"buckets\": {\"0\": {\"resolution\": [32, 96], \"count\": 2}, \"1\": {\"resolution\": [64, 64],"
                + " \"count\": 4}}, \"mean_img_ar_error\": 0.27777777777777773}")
        .doesNotContainKey("ss_datasets");
    assertThat(metadata("").get("ss_network_args")).isNull();
  }

  @Test
  void aDatasetFileIsDescribedSetBySet() throws IOException {
    Files.writeString(
        folder.resolve("d.toml"),
        "[[datasets]]\n[[datasets.subsets]]\nimage_dir = \"%s/2_photo\"\nclass_tokens = \"x\"\n"
            .formatted(GOLDEN));
    assertThat(metadata("dataset_config = \"d.toml\"\n"))
        .doesNotContainKeys("ss_resolution", "ss_bucket_info")
        .extractingByKey("ss_datasets")
        .asString()
        .startsWith(
            "[{\"is_dreambooth\": true, \"batch_size_per_device\": 1, \"num_train_images\": 3,")
        .contains("\"image_dir\": \"2_photo\", \"class_tokens\": \"x\", \"is_reg\": false}]}]")
        .contains("\"keep_tokens_separator\": null");
  }

  @Test
  void theNetworkIsDescribedAsLycorisReadsIt() throws IOException {
    assertThat(metadata("network_alpha = 8\n"))
        .containsEntry("ss_network_module", "networks.lora")
        .doesNotContainKey("ss_network_args");
    assertThat(metadata("dora = \"output\"\nconv_dim = 4\n"))
        .containsEntry("ss_network_module", "lycoris.kohya")
        .containsEntry(
            "ss_network_args",
            "{\"algo\": \"lora\", \"preset\": \"full\", \"conv_dim\": \"4\", \"conv_alpha\": \"1.0\","
                + " \"dora_wd\": \"True\", \"wd_on_output\": \"True\"}");
  }

  @Test
  void modelspecIsThereAndRoomForTheHashes() throws IOException {
    assertThat(metadata("metadata_author = \"me\"\nmetadata_title = \"Cats\"\nclip_skip = 2\n"))
        .containsEntry("modelspec.sai_model_spec", "1.0.1")
        .containsEntry("modelspec.architecture", "stable-diffusion-v1/lora")
        .containsEntry("modelspec.title", "Cats")
        .containsEntry("modelspec.author", "me")
        .containsEntry("modelspec.resolution", "64x64")
        .containsEntry("modelspec.prediction_type", "epsilon")
        .containsEntry("modelspec.encoder_layer", "2")
        .containsEntry("sshs_model_hash", "0".repeat(64))
        .containsEntry("sshs_legacy_hash", "0".repeat(8))
        .containsEntry("modelspec.hash_sha256", "0x" + "0".repeat(64))
        .containsEntry("format", "pt");
  }

  @Test
  void noClockAndNoPathUnlessADateIsGiven() throws IOException {
    SequencedMap<String, String> plain = metadata("");
    assertThat(plain).doesNotContainKeys("modelspec.date", "ss_training_started_at");
    assertThat(plain.values()).noneMatch(value -> value.contains(folder.toString()));
    assertThat(plain.values()).noneMatch(value -> value.contains(GOLDEN.toString()));
    assertThat(metadata("")).isEqualTo(plain);
    RunFacts dated = new RunFacts(4, 3, 12, 3, 12, Optional.of("2026-05-12T10:00:00Z"));
    assertThat(metadata("", dated))
        .containsEntry("modelspec.date", "2026-05-12T10:00:00Z")
        .containsEntry("ss_training_started_at", "1778580000.0");
    RunFacts day = new RunFacts(4, 3, 12, 3, 12, Optional.of("2026-05-12"));
    assertThat(metadata("", day)).containsEntry("ss_training_finished_at", "1778544000.0");
  }

  @Test
  void theLeastIsLeftWhereMoreIsNotWanted() throws IOException {
    SequencedMap<String, String> least = metadata("no_metadata = true\n");
    assertThat(least.keySet().stream().filter(key -> key.startsWith("ss_")))
        .containsExactlyInAnyOrder(
            "ss_v2",
            "ss_base_model_version",
            "ss_network_module",
            "ss_network_dim",
            "ss_network_alpha");
  }

  @Test
  void numbersHavePythonsDigits() {
    assertThat(PythonText.of(1.0)).isEqualTo("1.0");
    assertThat(PythonText.of(1e-4)).isEqualTo("0.0001");
    assertThat(PythonText.of(1.25e-5)).isEqualTo("1.25e-05");
    assertThat(PythonText.of(-2e-100)).isEqualTo("-2e-100");
    assertThat(PythonText.of(1e15)).isEqualTo("1000000000000000.0");
    assertThat(PythonText.of(1e16)).isEqualTo("1e+16");
    assertThat(PythonText.of(123456789.125)).isEqualTo("123456789.125");
    assertThat(PythonText.of(0.0)).isEqualTo("0.0");
    assertThat(PythonText.of(Double.POSITIVE_INFINITY)).isEqualTo("inf");
    assertThat(PythonText.json("é\"\n")).isEqualTo("\"\\u00e9\\\"\\n\"");
  }
}
