package radiata.train.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Keys of sd-scripts and LyCORIS for what is not built. They are refused with a sentence: a run
/// that left them out would be another than was asked for.
final class Unbuilt {
  private static final Map<String, String> WHY = new LinkedHashMap<>();

  /// Keys that bear on speed or on screens of sd-scripts alone.
  static final List<String> WITHOUT_MEANING =
      List.of(
          "xformers",
          "sdpa",
          "mem_eff_attn",
          "max_data_loader_n_workers",
          "persistent_data_loader_workers",
          "lowram",
          "highvram",
          "no_half_vae",
          "vae_batch_size",
          "v2",
          "skip_cache_check",
          "console_log_level",
          "console_log_simple",
          "disable_mmap_load_safetensors");

  static {
    because("regularisation images are not built; leave them out", "is_reg", "reg_data_dir");
    because(
        "prior_loss_weight is for regularisation images, which are not built", "prior_loss_weight");
    because("colour augmentation is not built; change copies of the pictures", "color_aug");
    because("face crops are not built; crop the pictures before", "face_crop_aug_range");
    because("data sets stand in a file of their own, which dataset_config names", "datasets");
    because("masked loss is not built", "alpha_mask", "masked_loss", "conditioning_data_dir");
    because(
        "metadata files of fine-tuning are not built; put each caption in a file beside its picture",
        "metadata_file",
        "in_json");
    because("the folders are looked through in every run; leave it out", "cache_info");
    because("custom attributes are not read by any network here", "custom_attributes");
    because("smaller is by area, larger by Lanczos, as by default", "resize_interpolation");
    because(
        "validation is not built",
        "validation_split",
        "validation_seed",
        "validate_every_n_steps",
        "validate_every_n_epochs",
        "max_validation_steps");
    because("adapters are trained without a multiplier", "network_multiplier");
    because(
        "dropout inside adapters is not built",
        "network_dropout",
        "dropout",
        "rank_dropout",
        "module_dropout",
        "rank_dropout_scale");
    because("Tucker decomposition is not built", "use_tucker", "use_cp");
    because("trained scalars are not built", "use_scalar");
    because("training of norms is not built", "train_norm");
    because(
        "a rank for each block is not built",
        "block_dims",
        "block_alphas",
        "conv_block_dims",
        "conv_block_alphas",
        "down_lr_weight",
        "mid_lr_weight",
        "up_lr_weight",
        "block_lr_zero_threshold");
    because(
        "LoRA+ is not built",
        "loraplus_lr_ratio",
        "loraplus_unet_lr_ratio",
        "loraplus_text_encoder_lr_ratio");
    because("full_matrix is not built", "full_matrix");
    because("unbalanced factors are not built", "unbalanced_factorization");
    because("only lora, loha and lokr are trained", "block_size", "constraint", "rescaled");
    because("DoRA is computed without its weight whenever that is possible", "bypass_mode");
    because(
        "base weights merged before training are not built; bake them first",
        "base_weights",
        "base_weights_multiplier");
    because(
        "the rank of an adapter that is continued is its own; leave it out", "dim_from_weights");
    because("limits on the norm of keys are not built", "scale_weight_norms");
    because(
        "noise in layers is not built; noise_offset is",
        "multires_noise_iterations",
        "multires_noise_discount");
    because(
        "only a fixed noise_offset is built",
        "adaptive_noise_scale",
        "noise_offset_random_strength");
    because("ip noise is not built", "ip_noise_gamma", "ip_noise_gamma_random_strength");
    because("zero terminal SNR is not built", "zero_terminal_snr");
    because("debiased estimation is not built; min_snr_gamma is", "debiased_estimation_loss");
    because(
        "this weighting is not built; min_snr_gamma is",
        "scale_v_pred_loss_like_noise_pred",
        "v_pred_like_loss");
    because("all timesteps are trained", "min_timestep", "max_timestep");
    because("the loss is l2", "huber_c", "huber_scale", "huber_schedule");
    because("weighted captions are not built", "weighted_captions");
    because("averages of weights are not built", "ema_decay", "use_ema");
    because(
        "adapters are trained in float32; mixed_precision is for the base",
        "full_fp16",
        "full_bf16",
        "fp8_base",
        "fp8_base_unet");
    because("training is in one process", "ddp_timeout", "deepspeed");
    because("uploads are not built", "huggingface_repo_id", "huggingface_token");
    because(
        "train starts anew or with --resume",
        "resume",
        "initial_epoch",
        "initial_step",
        "skip_until_initial_step");
    because(
        "rates that go by other courses are not built",
        "lr_scheduler_type",
        "lr_scheduler_args",
        "lr_decay_steps",
        "lr_scheduler_timescale",
        "lr_scheduler_min_lr_ratio");
  }

  private Unbuilt() {}

  private static void because(String why, String... keys) {
    for (String key : keys) {
      WHY.put(key, why);
    }
  }

  /// Why a key is refused; empty for one that nobody knows.
  static Optional<String> why(String key) {
    return Optional.ofNullable(WHY.get(key));
  }
}
