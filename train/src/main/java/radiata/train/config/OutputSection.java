package radiata.train.config;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import radiata.safetensors.DType;

/// What is written, and where.
///
/// @param folder `output_dir`
/// @param name `output_name`, without extension
/// @param precision `save_precision` of the adapter
/// @param everySteps `save_every_n_steps`
/// @param everyEpochs `save_every_n_epochs`
/// @param keepLast `keep_last`: how many of those are kept; empty for all
/// @param state `save_state`: whether each comes with what is needed to resume
/// @param tensorboard `tensorboard`: whether a log for TensorBoard is written beside the CSV
/// @param metadata whether more than the least is said of the training (`no_metadata` not set)
public record OutputSection(
    Path folder,
    String name,
    Dialect dialect,
    DType precision,
    OptionalInt everySteps,
    OptionalInt everyEpochs,
    OptionalInt keepLast,
    boolean state,
    boolean tensorboard,
    boolean metadata,
    Words words) {
  /// Whose names and layout an adapter is written in.
  public enum Dialect {
    KOHYA,
    LYCORIS,
    PEFT
  }

  /// What is said of the adapter: `metadata_title`, ..., and `training_comment`.
  public record Words(
      Optional<String> title,
      Optional<String> author,
      Optional<String> description,
      Optional<String> license,
      Optional<String> tags,
      Optional<String> comment) {}

  /// The name of the adapter after a step in the middle, as sd-scripts has it.
  public String afterStep(int step) {
    return "%s-step%08d".formatted(name, step);
  }

  /// The name of the adapter after an epoch that is not the last.
  public String afterEpoch(int epoch) {
    return "%s-%06d".formatted(name, epoch);
  }
}
