package radiata.train.metadata;

import java.util.List;

/// Which Stable Diffusion an adapter is for, in the words of sd-scripts and of ModelSpec.
public enum BaseVersion {
  SD1("sd_v1", "stable-diffusion-v1", "diffusers"),
  SD1_V("sd_v1_v", "stable-diffusion-v1", "diffusers"),
  SD2("sd_v2", "stable-diffusion-v2-512", "diffusers"),
  SD2_V("sd_v2_v", "stable-diffusion-v2-768-v", "diffusers"),
  SDXL(
      "sdxl_base_v1-0",
      "stable-diffusion-xl-v1-base",
      "https://github.com/Stability-AI/generative-models");

  private static final List<BaseVersion> TWO = List.of(SD2, SD2_V);

  private final String id;
  private final String architecture;
  private final String implementation;

  BaseVersion(String id, String architecture, String implementation) {
    this.id = id;
    this.architecture = architecture;
    this.implementation = implementation;
  }

  /// Under `ss_base_model_version`.
  public String id() {
    return id;
  }

  /// Under `modelspec.architecture`, of an adapter.
  String architecture() {
    return architecture + "/lora";
  }

  /// Under `modelspec.implementation`.
  String implementation() {
    return implementation;
  }

  boolean two() {
    return TWO.contains(this);
  }
}
