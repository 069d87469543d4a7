package radiata.train.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import radiata.train.adapter.Blueprint;
import radiata.train.adapter.Continued;
import radiata.train.adapter.Targets;

/// The adapter that is trained, under the names of sd-scripts and LyCORIS.
///
/// @param blueprint `algorithm`, `network_dim`, `network_alpha`, `conv_dim`, `conv_alpha`, `dora`,
///   `rs_lora`, `factor`, `decompose_both`
/// @param preset `preset`: which layers, by LyCORIS' names
/// @param targets `targets`: names and patterns of layers in place of a preset; empty for the
///   preset
/// @param from `network_weights`: an adapter that is continued
/// @param denoiser whether the layers of the UNet are trained
/// @param textEncoder whether those of the text encoders are
public record AdapterSection(
    Blueprint blueprint,
    NormGradient normGradient,
    String preset,
    List<String> targets,
    Optional<Path> from,
    boolean denoiser,
    boolean textEncoder) {
  /// Whether the gradient of a DoRA flows through its norm (LyCORIS), or the norm is a constant
  /// backwards (the paper, section 4.3; PEFT, OneTrainer).
  public enum NormGradient {
    DETACHED,
    FULL
  }

  public AdapterSection {
    targets = List.copyOf(targets);
  }

  /// The same where the file of an adapter that is continued says what it is.
  public AdapterSection of(Continued file) {
    return new AdapterSection(
        file.blueprint(), normGradient, preset, targets, from, denoiser, file.textEncoder());
  }

  /// The layers of a diffusion model that `targets` or `preset` names.
  public Targets layers() {
    return targets.isEmpty() ? Targets.preset(preset).orElseThrow() : Targets.named(targets);
  }
}
