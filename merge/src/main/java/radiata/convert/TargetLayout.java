package radiata.convert;

/// How the weights of an output are named and laid out.
public enum TargetLayout {
  /// As those of the input, whatever they are.
  KEEP,
  /// One file with the names of CompVis' and Stability AI's code (`model.diffusion_model.`), which
  /// ComfyUI, Forge and the web UI read.
  LDM,
  /// The folder of a diffusers pipeline: components with their configs, tokenizers and scheduler.
  DIFFUSERS
}
