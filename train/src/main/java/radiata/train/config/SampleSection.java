package radiata.train.config;

import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import radiata.train.data.Size;

/// Samples that are drawn on the way.
///
/// @param everySteps `sample_every_n_steps`; empty for not by steps
/// @param everyEpochs `sample_every_n_epochs`
/// @param atFirst `sample_at_first`: one before the first step
public record SampleSection(
    List<Prompt> prompts, OptionalInt everySteps, OptionalInt everyEpochs, boolean atFirst) {
  /// The samplers.
  public enum Sampler {
    DDIM,
    EULER
  }

  /// One sample. In a line of `sample_prompts` options follow the text, as in sd-scripts: `a cat
  /// --n blurry --w 512 --h 512 --d 1 --l 7.5 --s 20 --ss euler`.
  ///
  /// @param negative `--n`, `sample_negative`
  /// @param size `--w`, `--h`, `sample_size`; where none is given, the resolution of the data
  /// @param seed `--d`, `sample_seed`; empty for that of the run
  /// @param guidance `--l`, `sample_guidance`
  /// @param steps `--s`, `sample_steps`
  /// @param sampler `--ss`, `sample_sampler`
  public record Prompt(
      String text,
      String negative,
      Size size,
      OptionalLong seed,
      double guidance,
      int steps,
      Sampler sampler) {}

  public SampleSection {
    prompts = List.copyOf(prompts);
  }

  /// Whether samples are due after a step.
  ///
  /// @param step of the optimizer, counted from 1
  /// @param epochEnds the number of the epoch that ends with it; empty if none does
  public boolean due(int step, OptionalInt epochEnds) {
    boolean bySteps = everySteps.isPresent() && step % everySteps.getAsInt() == 0;
    boolean byEpochs =
        everyEpochs.isPresent()
            && epochEnds.isPresent()
            && epochEnds.getAsInt() % everyEpochs.getAsInt() == 0;
    return !prompts.isEmpty() && (bySteps || byEpochs);
  }
}
