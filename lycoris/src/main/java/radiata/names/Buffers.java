package radiata.names;

import java.util.Set;

/// Tensors of checkpoints that are no part of a module.
final class Buffers {
  /// Last parts of names: the noise schedule of CompVis' `ddpm.py`, index buffers of transformers,
  /// batch norm's statistics, OpenCLIP's temperature, marks that user interfaces leave (`v_pred`,
  /// `ztsnr`), the scales of ComfyUI's fp8 weights.
  private static final Set<String> NAMES =
      Set.of(
          "betas",
          "alphas_cumprod",
          "alphas_cumprod_prev",
          "sqrt_alphas_cumprod",
          "sqrt_one_minus_alphas_cumprod",
          "log_one_minus_alphas_cumprod",
          "sqrt_recip_alphas_cumprod",
          "sqrt_recipm1_alphas_cumprod",
          "posterior_variance",
          "posterior_log_variance_clipped",
          "posterior_mean_coef1",
          "posterior_mean_coef2",
          "lvlb_weights",
          "logvar",
          "scale_factor",
          "sigmas",
          "log_sigmas",
          "sigma_max",
          "sigma_min",
          "v_pred",
          "ztsnr",
          "position_ids",
          "attn_mask",
          "logit_scale",
          "inv_freq",
          "running_mean",
          "running_var",
          "num_batches_tracked",
          "masked_bias",
          "global_step",
          "scaled_fp8",
          "scale_weight",
          "scale_input");

  private Buffers() {}

  static boolean contains(String tensor) {
    return tensor.startsWith("model_ema.")
        || NAMES.contains(tensor.substring(tensor.lastIndexOf('.') + 1));
  }
}
