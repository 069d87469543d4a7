package radiata.train.metadata;

import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import radiata.convention.DoraAxis;
import radiata.safetensors.DType;
import radiata.safetensors.HashKeys;
import radiata.train.adapter.Blueprint;
import radiata.train.config.ImageSection;
import radiata.train.config.OutputSection.Dialect;
import radiata.train.config.OutputSection.Words;
import radiata.train.config.TrainConfig;
import radiata.train.config.TrainingSection;
import radiata.train.data.Draws;
import radiata.train.data.ImageData;
import radiata.train.data.ImageDataset;
import radiata.train.data.ImageSubset;
import radiata.train.data.Size;
import radiata.train.optim.AdamW;

/// The metadata of a trained adapter, in the words of sd-scripts (48d368f `train_network.py`,
/// `library/sai_model_spec.py`). What sd-scripts has and this program does not do stands there with
/// the value that says so. Missing on purpose is `ss_sd_scripts_commit_hash`: this is not
/// sd-scripts.
public final class TrainingMetadata {
  /// What `no_metadata` leaves.
  private static final Set<String> LEAST =
      Set.of(
          "ss_v2",
          "ss_base_model_version",
          "ss_network_module",
          "ss_network_dim",
          "ss_network_alpha",
          "ss_network_args");

  private final TrainConfig config;
  private final SequencedMap<String, String> all = new LinkedHashMap<>();

  private TrainingMetadata(TrainConfig config) {
    this.config = config;
  }

  /// Of an adapter for Stable Diffusion. There is room for the hashes of the data under
  /// `sshs_model_hash`, `sshs_legacy_hash` and `modelspec.hash_sha256`, which [HashKeys#renewed]
  /// fills in.
  public static SequencedMap<String, String> of(
      TrainConfig config, ImageData data, ModelFacts model, RunFacts run) {
    TrainingMetadata metadata = new TrainingMetadata(config);
    metadata.run(data, run);
    metadata.training(run);
    metadata.adapter();
    metadata.model(model);
    metadata.unbuilt();
    metadata.data(data);
    if (!config.output().metadata()) {
      metadata.all.keySet().retainAll(LEAST);
    }
    metadata.specification(model, run);
    metadata.put("sshs_model_hash", "");
    SequencedMap<String, String> reserved = new LinkedHashMap<>(HashKeys.reserved(metadata.all));
    // Without it transformers and others of the field do not open a file with metadata.
    reserved.put("format", "pt");
    return reserved;
  }

  private void put(String key, String value) {
    all.put(key, value);
  }

  private void put(String key, int value) {
    all.put(key, Integer.toString(value));
  }

  private void put(String key, double value) {
    all.put(key, PythonText.of(value));
  }

  private void put(String key, boolean value) {
    all.put(key, PythonText.of(value));
  }

  private void run(ImageData data, RunFacts run) {
    long session = new Draws(config.training().seed()).seed(Draws.Purpose.ADAPTER, 0, 0) >>> 32;
    // A random number in sd-scripts; here it follows from the seed, like everything.
    put("ss_session_id", Long.toString(session));
    run.date()
        .ifPresent(date -> {
          put("ss_training_started_at", seconds(date));
          put("ss_training_finished_at", seconds(date));
        });
    put("ss_output_name", config.output().name());
    put("ss_num_train_images", data.uses());
    put("ss_num_validation_images", 0);
    put("ss_num_reg_images", 0);
    put("ss_num_batches_per_epoch", run.batchesPerEpoch());
    put("ss_num_epochs", run.epochs());
    put("ss_max_train_steps", run.steps());
    put("ss_steps", run.step());
    put("ss_epoch", run.epoch());
    put("ss_training_comment", PythonText.ofText(config.output().words().comment()));
  }

  private static double seconds(String date) {
    TemporalAccessor parsed =
        DateTimeFormatter.ofPattern("uuuu-MM-dd['T'HH:mm[:ss][XXX]]", Locale.ROOT)
            .parseBest(date, OffsetDateTime::from, LocalDateTime::from, LocalDate::from);
    return switch (parsed) {
      case OffsetDateTime at -> at.toEpochSecond();
      case LocalDateTime at -> at.toEpochSecond(ZoneOffset.UTC);
      case LocalDate day -> day.atStartOfDay().toEpochSecond(ZoneOffset.UTC);
      default -> throw new IllegalArgumentException(date);
    };
  }

  private void training(RunFacts run) {
    TrainingSection of = config.training();
    put("ss_learning_rate", of.rate());
    put("ss_unet_lr", of.denoiserRate());
    put("ss_text_encoder_lr", of.textEncoderRate());
    put("ss_gradient_checkpointing", of.checkpointing());
    put("ss_gradient_accumulation_steps", of.accumulate());
    put("ss_lr_warmup_steps", of.schedule().of(run.steps()).warmup());
    put("ss_lr_scheduler", of.schedule().kind().id());
    put("ss_seed", Long.toString(of.seed()));
    AdamW.Settings adamw = of.optimizer();
    put(
        "ss_optimizer",
        "torch.optim.adamw.AdamW(weight_decay=%s,betas=(%s, %s),eps=%s)"
            .formatted(
                PythonText.of(adamw.decay()),
                PythonText.of(adamw.beta1()),
                PythonText.of(adamw.beta2()),
                PythonText.of(adamw.epsilon())));
    put("ss_max_grad_norm", of.clip());
    put(
        "ss_min_snr_gamma",
        of.minSnrGamma().isPresent()
            ? PythonText.of(of.minSnrGamma().getAsDouble())
            : PythonText.NONE);
    put(
        "ss_noise_offset",
        of.noiseOffset() == 0 ? PythonText.NONE : PythonText.of(of.noiseOffset()));
    put("ss_loss_type", "l2");
    put(
        "ss_mixed_precision",
        config.model().precision() == DType.F32
            ? "no"
            : config.model().precision() == DType.BF16 ? "bf16" : "fp16");
  }

  private void adapter() {
    Blueprint of = config.adapter().blueprint();
    boolean plain =
        of.algorithm() == Blueprint.Algorithm.LORA
            && of.dora().isEmpty()
            && config.output().dialect() == Dialect.KOHYA;
    put("ss_network_module", plain ? "networks.lora" : "lycoris.kohya");
    put("ss_network_dim", of.rank());
    put("ss_network_alpha", of.alpha());
    put("ss_network_dropout", PythonText.NONE);
    SequencedMap<String, String> args = new LinkedHashMap<>();
    if (!plain) {
      args.put("algo", of.algorithm().name().toLowerCase(Locale.ROOT));
      args.put("preset", config.adapter().preset());
    }
    if (of.kernelRank() > 0) {
      args.put("conv_dim", Integer.toString(of.kernelRank()));
      args.put("conv_alpha", PythonText.of(of.kernelAlpha()));
    }
    of.dora()
        .ifPresent(axis -> {
          args.put("dora_wd", "True");
          args.put("wd_on_output", PythonText.of(axis == DoraAxis.OUTPUT));
        });
    if (of.algorithm() == Blueprint.Algorithm.LOKR) {
      args.put("factor", Integer.toString(of.factor()));
      args.put("decompose_both", PythonText.of(of.decomposeBoth()));
    }
    if (of.rootScale()) {
      args.put("rs_lora", "True");
    }
    if (!args.isEmpty()) {
      put("ss_network_args", PythonText.json(args));
    }
  }

  private void model(ModelFacts of) {
    put("ss_v2", of.version().two());
    put("ss_base_model_version", of.version().id());
    put("ss_sd_model_name", of.name());
    of.hashes()
        .ifPresent(hashes -> {
          put("ss_sd_model_hash", hashes.legacy());
          put("ss_new_sd_model_hash", hashes.sha256());
        });
    of.vae()
        .ifPresent(vae -> {
          put("ss_vae_name", vae.name());
          put("ss_vae_hash", vae.hashes().legacy());
          put("ss_new_vae_hash", vae.hashes().sha256());
        });
    int skip = config.model().clipSkip();
    put("ss_clip_skip", skip > 1 ? Integer.toString(skip) : PythonText.NONE);
    int tokens = config.model().maxTokenLength();
    put("ss_max_token_length", tokens > 75 ? Integer.toString(tokens) : PythonText.NONE);
  }

  private void unbuilt() {
    for (String key :
        new String[] {
          "multires_noise_iterations",
          "adaptive_noise_scale",
          "face_crop_aug_range",
          "scale_weight_norms",
          "ip_noise_gamma",
          "huber_schedule",
          "huber_scale",
          "huber_c",
          "validation_seed",
          "max_validation_steps",
          "validate_every_n_epochs",
          "validate_every_n_steps",
          "resize_interpolation"
        }) {
      put("ss_" + key, PythonText.NONE);
    }
    for (String key :
        new String[] {
          "full_fp16",
          "lowram",
          "zero_terminal_snr",
          "debiased_estimation",
          "noise_offset_random_strength",
          "ip_noise_gamma_random_strength",
          "fp8_base",
          "fp8_base_unet"
        }) {
      put("ss_" + key, false);
    }
    put("ss_multires_noise_discount", 0.3);
    put("ss_prior_loss_weight", 1.0);
    put("ss_validation_split", 0.0);
  }

  private void data(ImageData data) {
    if (!(config.data() instanceof ImageSection images)) {
      return;
    }
    put("ss_cache_latents", images.cacheLatents());
    ImageDataset first = data.parts().getFirst().dataset();
    ImageSubset like = first.subsets().getFirst();
    put("ss_caption_dropout_rate", like.captions().dropout());
    put("ss_caption_dropout_every_n_epochs", like.captions().dropEvery());
    put("ss_caption_tag_dropout_rate", like.captions().tagDropout());
    put("ss_tag_frequency", DatasetMetadata.tagFrequency(data));
    put("ss_dataset_dirs", DatasetMetadata.folders(data));
    put("ss_reg_dataset_dirs", "{}");
    if (images.fromDatasetFile()) {
      put("ss_datasets", DatasetMetadata.datasets(data));
    } else {
      folderRun(data.parts().getFirst(), first, like);
    }
  }

  private void folderRun(ImageData.Part part, ImageDataset first, ImageSubset like) {
    put("ss_batch_size_per_device", first.batchSize());
    put("ss_total_batch_size", first.batchSize());
    Size resolution = first.buckets().resolution();
    put("ss_resolution", "(%d, %d)".formatted(resolution.width(), resolution.height()));
    put("ss_color_aug", false);
    put("ss_flip_aug", like.flip());
    put("ss_random_crop", like.randomCrop());
    put("ss_shuffle_caption", like.captions().shuffle());
    put("ss_enable_bucket", first.buckets().enabled());
    put("ss_bucket_no_upscale", first.buckets().noUpscale());
    put("ss_min_bucket_reso", first.buckets().smallest());
    put("ss_max_bucket_reso", first.buckets().largest());
    put("ss_keep_tokens", like.captions().keepTokens());
    put("ss_bucket_info", DatasetMetadata.buckets(part));
  }

  private void specification(ModelFacts model, RunFacts run) {
    Words words = config.output().words();
    Map<String, Optional<String>> said = new LinkedHashMap<>();
    said.put("author", words.author());
    said.put("description", words.description());
    said.put("license", words.license());
    said.put("tags", words.tags());
    said.put("date", run.date());
    put("modelspec.sai_model_spec", "1.0.1");
    put("modelspec.architecture", model.version().architecture());
    put("modelspec.implementation", model.version().implementation());
    put("modelspec.title", words.title().orElse(config.output().name()));
    said.forEach((key, text) -> text.ifPresent(value -> put("modelspec." + key, value)));
    if (config.data() instanceof ImageSection images) {
      Size size = images.datasets().getFirst().buckets().resolution();
      put("modelspec.resolution", size.toString());
    }
    put("modelspec.prediction_type", model.velocity() ? "v" : "epsilon");
    if (config.model().clipSkip() > 1) {
      put("modelspec.encoder_layer", config.model().clipSkip());
    }
  }
}
