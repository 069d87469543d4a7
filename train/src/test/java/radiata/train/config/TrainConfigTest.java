package radiata.train.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import radiata.convention.DoraAxis;
import radiata.safetensors.DType;
import radiata.train.adapter.Blueprint.Algorithm;
import radiata.train.config.AdapterSection.NormGradient;
import radiata.train.config.SampleSection.Sampler;
import radiata.train.data.ImageSubset;
import radiata.train.data.Size;
import radiata.train.optim.AdamW;
import radiata.train.optim.Schedule;
import radiata.train.sample.Prediction;

/// What a config says, and what it must not say.
class TrainConfigTest {
  private static final String SMALL =
      """
      pretrained_model_name_or_path = "model.safetensors"
      train_data_dir = "pictures"
      caption_extension = ".txt"
      resolution = 512
      output_dir = "out"
      """;
  private static final String TEXT =
      """
      model = "model.safetensors"
      train_file = "data.jsonl"
      output_dir = "out"
      """;

  @TempDir Path folder;

  @BeforeEach
  void aModelAndPictures() throws IOException {
    Files.writeString(folder.resolve("model.safetensors"), "");
    Files.writeString(folder.resolve("data.jsonl"), "");
    Files.createDirectories(folder.resolve("pictures/10_a photo"));
  }

  private TrainConfig read(String text) throws IOException {
    return TrainConfig.read(Files.writeString(folder.resolve("train.toml"), text));
  }

  private void refused(String text, String... says) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(ConfigException.class)
        .message()
        .doesNotContain("\n")
        .contains(says);
  }

  @Test
  void fewLinesDoAndTheRestIsAsInSdScripts() throws IOException {
    TrainConfig config = read(SMALL);
    assertThat(config.model().path()).isEqualTo(folder.resolve("model.safetensors"));
    assertThat(config.model().precision()).isEqualTo(DType.F32);
    assertThat(config.model().prediction()).isEmpty();
    assertThat(config.adapter().blueprint().algorithm()).isEqualTo(Algorithm.LORA);
    assertThat(config.adapter().blueprint().alpha()).isEqualTo(1);
    assertThat(config.adapter().blueprint().kernelRank()).isZero();
    assertThat(config.adapter().blueprint().dora()).isEmpty();
    assertThat(config.adapter().normGradient()).isEqualTo(NormGradient.DETACHED);
    assertThat(config.adapter().textEncoder()).isTrue();
    assertThat(config.training().steps()).hasValue(1600);
    assertThat(config.training().clip()).isEqualTo(1);
    assertThat(config.training().optimizer()).isEqualTo(AdamW.Settings.DEFAULT);
    ImageSection images = (ImageSection) config.data();
    assertThat(images.cacheFolder()).isEqualTo(folder.resolve("out/cache"));
    ImageSubset subset = images.datasets().getFirst().subsets().getFirst();
    assertThat(subset.repeats()).isEqualTo(10);
    assertThat(subset.classTokens()).isEqualTo("a photo");
    assertThat(subset.captionExtension()).isEqualTo(".txt");
    assertThat(config.output().dialect()).isEqualTo(OutputSection.Dialect.KOHYA);
    assertThat(config.notes()).isEmpty();
  }

  @Test
  void tablesOnlyGroupKeys() throws IOException {
    TrainConfig flat = read(SMALL + "network_dim = 4\nseed = 3\n");
    TrainConfig grouped = read(SMALL + "[adapter]\nrank = 4\n[anything]\nseed = 3\n");
    assertThat(grouped).isEqualTo(flat);
  }

  @Test
  void theWordsOfSdScriptsAndLycorisAreUnderstood() throws IOException {
    TrainConfig config =
        read(
            SMALL
                + """
                network_module = "lycoris.kohya"
                network_args = ["algo=lokr", "conv_dim=4", "conv_alpha=2", "preset=attn-mlp", "factor=8", "dora_wd=True", "wd_on_output=False"]
                optimizer_type = "AdamW"
                optimizer_args = ["weight_decay=0.1", "betas=(0.8, 0.95)", "eps=1e-6"]
                mixed_precision = "bf16"
                lr_scheduler = "cosine_with_restarts"
                lr_scheduler_num_cycles = 3
                lr_warmup_steps = 0.1
                text_encoder_lr = [5e-5, 5e-5]
                min_snr_gamma = 5
                v_parameterization = true
                xformers = true
                """);
    AdapterSection adapter = config.adapter();
    assertThat(adapter.blueprint().algorithm()).isEqualTo(Algorithm.LOKR);
    assertThat(adapter.blueprint().kernelRank()).isEqualTo(4);
    assertThat(adapter.blueprint().kernelAlpha()).isEqualTo(2);
    assertThat(adapter.preset()).isEqualTo("attn-mlp");
    assertThat(adapter.blueprint().factor()).isEqualTo(8);
    assertThat(adapter.blueprint().dora()).contains(DoraAxis.INPUT);
    assertThat(config.training().optimizer()).isEqualTo(new AdamW.Settings(0.8, 0.95, 1e-6, 0.1));
    assertThat(config.model().precision()).isEqualTo(DType.BF16);
    assertThat(config.model().prediction()).contains(Prediction.V);
    assertThat(config.training().schedule().of(200))
        .isEqualTo(new Schedule(Schedule.Kind.COSINE_WITH_RESTARTS, 20, 200, 3, 1));
    assertThat(config.training().textEncoderRate()).isEqualTo(5e-5);
    assertThat(config.training().minSnrGamma()).hasValue(5);
    assertThat(config.notes()).containsExactly("'xformers' changes nothing here");
  }

  @Test
  void layersAreNamedByAPresetOrByPatterns() throws IOException {
    assertThat(read(SMALL + "preset = \"unet-only\"\n").adapter().layers().kernels()).isTrue();
    var targets = read(SMALL + "targets = [\"to_q\", \"*fc1\"]\n").adapter().layers();
    assertThat(targets.unet().test("down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"))
        .isTrue();
    assertThat(targets.unet().test("conv_in")).isFalse();
    refused(SMALL + "preset = \"unet\"\n", "'unet' is none of", "unet-only");
  }

  @Test
  void aWrongKeyIsToldWithItsPlaceAndTheNearest() {
    refused(SMALL + "netwrok_dim = 4\n", "line 6, column 1", "'netwrok_dim'", "'network_dim'");
    refused(SMALL + "[adapter]\nrnk = 4\n", "line 7, column 1", "in [adapter]");
    refused(SMALL.replace("resolution", "resolutoin"), "line 4", "'resolution'");
  }

  @Test
  void allMistakesAreToldAtOnce() {
    assertThatThrownBy(() ->
            read(SMALL + "seed = \"x\"\nnetwork_dim = 0\nlr_scheduler = \"cosin\"\nclipp = 1\n"))
        .isInstanceOfSatisfying(
            ConfigException.class,
            e -> {
              assertThat(e.file()).isEqualTo(folder.resolve("train.toml"));
              assertThat(e.mistakes()).hasSize(4);
              assertThat(e.getMessage())
                  .contains("line 6", "line 7", "line 8", "line 9", "'cosine'", "from 1 to");
            });
  }

  @Test
  void whatIsNotBuiltIsRefusedByNameWithAReason() {
    refused(SMALL + "color_aug = true\n", "line 6", "'color_aug'", "colour augmentation");
    refused(SMALL + "network_dropout = 0.1\n", "dropout inside adapters is not built");
    refused(SMALL + "network_args = [\"use_tucker=True\"]\n", "line 6", "Tucker");
    refused(SMALL + "optimizer_type = \"Prodigy\"\n", "'Prodigy' is not built; AdamW is");
    refused(SMALL + "optimizer_type = \"AdamW8bit\"\n", "8 bits are not built");
    refused(SMALL + "loss_type = \"huber\"\n", "the loss is l2");
    refused(SMALL + "[[datasets]]\nresolution = 5\n", "line 6", "dataset_config names");
    refused(SMALL + "[a.b]\nseed = 5\n", "line 6", "unknown key 'b' in [a]");
    refused(SMALL + "is_reg = true\n", "regularisation images are not built");
  }

  @Test
  void keysThatExcludeEachOther() {
    refused(SMALL + "max_train_steps = 1\nepochs = 1\n", "line 7", "'epochs'", "'max_train_steps'");
    refused(SMALL + "rank = 1\nnetwork_dim = 1\n", "given already, as 'rank'");
    refused(SMALL + "train_file = \"data.jsonl\"\n", "'train_file'", "'train_data_dir'");
    refused(SMALL + "prediction = \"v\"\nv_parameterization = true\n", "say");
    refused(SMALL + "factor = 4\n", "it is for algorithm = \"lokr\"");
    refused(SMALL + "norm_gradient = \"full\"\n", "it is for DoRA");
    refused(SMALL + "preset = \"full\"\ntargets = [\"*q*\"]\n", "'targets'");
    refused(SMALL + "lr_warmup_steps = 5\n", "constant_with_warmup");
    refused(SMALL + "keep_last = 3\n", "it is for save_every_n_steps");
    refused(SMALL + "cache_text_encoder_outputs = true\n", "text_encoder = false");
    refused(SMALL + "random_crop = true\n", "cache_latents = false");
    refused(
        SMALL + "cache_text_encoder_outputs = true\nshuffle_caption = true\n", "cannot be kept");
  }

  @Test
  void valuesOutOfRange() {
    refused(SMALL + "algorithm = \"loa\"\n", "'loa' is none of lora, locon, loha, lokr");
    refused(SMALL + "dora = \"rows\"\n", "none of none, output, input");
    refused(SMALL + "mixed_precision = \"fp8\"\n", "none of no, fp32, fp16, bf16");
    refused(SMALL + "max_token_length = 100\n", "75, 150, 225");
    refused(SMALL + "device = \"gpu\"\n", "cuda:N");
    refused(SMALL + "caption_dropout_rate = 1.5\n", "1.5 is not from 0 to 1");
    refused(SMALL + "lr_warmup_steps = 1.5\nscheduler = \"linear\"\n", "neither a whole number");
    refused(SMALL + "bucket_reso_steps = 12\n", "no multiple of 8");
    refused(SMALL + "enable_bucket = true\nmax_bucket_reso = 256\n", "above max_bucket_reso");
    refused(SMALL + "output_name = \"../x\"\n", "no name of a file");
    refused(SMALL + "network_args = [\"conv_dim\"]\n", "key=value");
    refused(SMALL + "network_args = [\"conv_dim=a\"]\n", "line 6, column 1", "whole number");
    refused(SMALL + "network_args = [\"cnv_dim=4\"]\n", "line 6, column 1", "'conv_dim'");
    refused(SMALL.replace("= 512", "= [512]").replace("[512]", "\"big\""), "512 or [512, 768]");
  }

  @Test
  void whatIsNotThere() {
    refused(SMALL.replace("model.safe", "none.safe"), "line 1", "none.safetensors does not exist");
    refused(SMALL.replace("\"pictures\"", "\"none\""), "line 2", "the folder", "does not exist");
    refused(SMALL.replace("\"pictures\"", "\".\""), "line 2", "{repeats}_{class tokens}");
    refused("", "'pretrained_model_name_or_path' is missing", "'output_dir' is missing", "no data");
    refused(SMALL.replace("resolution = 512", ""), "'resolution' is missing");
    assertThatThrownBy(() -> TrainConfig.read(folder.resolve("none.toml")))
        .isInstanceOf(IOException.class);
    refused("[model\n", "line 1");
  }

  @Test
  void stepsAndEpochsAreCountedByTheOptimizer() throws IOException {
    TrainingSection epochs = read(SMALL + "epochs = 3\naccumulate = 4\n").training();
    assertThat(epochs.stepsPerEpoch(10)).isEqualTo(3);
    assertThat(epochs.steps(10)).isEqualTo(9);
    assertThat(epochs.epochs(10)).isEqualTo(3);
    TrainingSection steps = read(SMALL + "steps = 10\naccumulate = 4\n").training();
    assertThat(steps.steps(10)).isEqualTo(10);
    assertThat(steps.epochs(10)).isEqualTo(4);
  }

  @Test
  void samplesHaveOptionsAfterTheirText() throws IOException {
    Files.writeString(
        folder.resolve("prompts.txt"), "# two\na cat --w 768 --h 512 --s 30 --ss ddim\n\na dog\n");
    SampleSection samples =
        read(SMALL
                + """
                sample_prompts = "prompts.txt"
                sample_every_n_epochs = 2
                sample_guidance = 5
                sample_negative = "bad"
                """)
            .samples();
    assertThat(samples.prompts())
        .containsExactly(
            new SampleSection.Prompt(
                "a cat", "bad", new Size(768, 512), OptionalLong.empty(), 5, 30, Sampler.DDIM),
            new SampleSection.Prompt(
                "a dog", "bad", new Size(512, 512), OptionalLong.empty(), 5, 20, Sampler.EULER));
    assertThat(samples.due(7, OptionalInt.of(2))).isTrue();
    assertThat(samples.due(7, OptionalInt.of(3))).isFalse();
    assertThat(samples.due(7, OptionalInt.empty())).isFalse();
    SampleSection.Prompt one =
        read(SMALL
                + "sample_prompts = [\"x, y --n a b --d 7 --l 1.5\"]\nsample_every_n_steps = 5\n")
            .samples()
            .prompts()
            .getFirst();
    assertThat(one.text()).isEqualTo("x, y");
    assertThat(one.negative()).isEqualTo("a b");
    assertThat(one.seed()).hasValue(7);
    assertThat(one.guidance()).isEqualTo(1.5);
    refused(SMALL + "sample_prompts = \"a --w 500\"\n", "no multiple of 8");
    refused(SMALL + "sample_prompts = \"a --q 500\"\n", "--q is none of");
    refused(SMALL + "sample_every_n_steps = 5\n", "'sample_prompts' is missing");
  }

  @Test
  void aConfigForText() throws IOException {
    TrainConfig config = read(TEXT + "max_length = 128\npacking = true\n");
    TextSection text = (TextSection) config.data();
    assertThat(text)
        .isEqualTo(
            new TextSection(
                folder.resolve("data.jsonl"), TextSection.Format.JSONL, 128, true, false));
    assertThat(config.adapter().blueprint().rank()).isEqualTo(8);
    assertThat(config.adapter().blueprint().alpha()).isEqualTo(8);
    assertThat(config.adapter().textEncoder()).isFalse();
    assertThat(config.output().dialect()).isEqualTo(OutputSection.Dialect.PEFT);
    refused(TEXT + "sample_prompts = \"a\"\n", "samples are for image models");
    refused(TEXT + "text_encoder = true\n", "no text encoder");
    refused(TEXT + "flip_aug = true\n", "'flip_aug'");
  }

  @Test
  void savedFilesAreNamedAsInSdScripts() throws IOException {
    OutputSection output =
        read(SMALL
                + "output_name = \"x.safetensors\"\nsave_every_n_epochs = 2\nsave_last_n_epochs = 4\n")
            .output();
    assertThat(output.afterStep(120)).isEqualTo("x-step00000120");
    assertThat(output.afterEpoch(3)).isEqualTo("x-000003");
    assertThat(output.keepLast()).hasValue(2);
  }

  @Test
  void theStartingConfigIsReadOnceItsFoldersAreThere() throws IOException {
    TrainConfig images = read(StartingConfig.images("model.safetensors", 512));
    assertThat(images.adapter().blueprint().rank()).isEqualTo(16);
    assertThat(images.training().schedule().kind()).isEqualTo(Schedule.Kind.COSINE);
    TrainConfig text = read(StartingConfig.language("model.safetensors"));
    assertThat(text.data()).isInstanceOf(TextSection.class);
    assertThat(text.model().vae()).isEqualTo(Optional.empty());
  }

  /// Every line that is commented out, put in by itself.
  @Test
  void everySuggestionOfAStartingConfigIsAKeyThatIsKnown() throws IOException {
    for (String name : List.of("vae.safetensors", "before.safetensors")) {
      Files.writeString(folder.resolve(name), "");
    }
    Files.writeString(
        folder.resolve("data.toml"),
        "[[datasets]]\n[[datasets.subsets]]\nimage_dir = \"pictures\"\n");
    for (String config :
        List.of(
            StartingConfig.images("model.safetensors", 512),
            StartingConfig.language("model.safetensors"))) {
      List<String> lines = config.lines().toList();
      for (String line : lines) {
        if (line.matches("# [a-z_]+ = .*")) {
          String key = line.substring(2, line.indexOf(" ="));
          String changed = config.replace(line, line.substring(2));
          if (List.of("image_dir", "dataset_config").contains(key)) {
            changed = changed.replaceFirst("(?m)^train_data_dir.*$", "");
          }
          if (key.startsWith("sample_every")) {
            changed = changed.replace("# sample_prompts", "sample_prompts");
          }
          assertThat(read(changed).notes()).as(line).isEmpty();
        }
      }
    }
  }
}
