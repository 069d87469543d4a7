package radiata.train.config;

import java.util.OptionalDouble;
import java.util.OptionalInt;
import radiata.train.optim.AdamW;
import radiata.train.optim.Schedule;

/// How it is trained, under the names of sd-scripts.
///
/// @param steps `max_train_steps`, of the optimizer; empty if epochs are given
/// @param epochs `max_train_epochs`; empty if steps are given
/// @param batchSize `train_batch_size`
/// @param rate `learning_rate`
/// @param denoiserRate `unet_lr`; that of all where none is given
/// @param textEncoderRate `text_encoder_lr`; that of all where none is given
/// @param accumulate `gradient_accumulation_steps`
/// @param clip `max_grad_norm`; 0 for no limit
/// @param checkpointing `gradient_checkpointing`
/// @param minSnrGamma `min_snr_gamma`; empty for equal weights
/// @param noiseOffset `noise_offset`; 0 for none
public record TrainingSection(
    OptionalInt steps,
    OptionalInt epochs,
    int batchSize,
    double rate,
    double denoiserRate,
    double textEncoderRate,
    AdamW.Settings optimizer,
    ScheduleSection schedule,
    int accumulate,
    double clip,
    long seed,
    boolean checkpointing,
    OptionalDouble minSnrGamma,
    double noiseOffset) {
  /// The course of the rates.
  ///
  /// @param warmup `lr_warmup_steps`: below 1 a fraction of all steps
  public record ScheduleSection(Schedule.Kind kind, double warmup, int cycles, double power) {
    /// The same for a run of so many steps.
    public Schedule of(int steps) {
      int climbing = warmup < 1 ? (int) (warmup * steps) : (int) warmup;
      return new Schedule(kind, climbing, steps, cycles, power);
    }
  }

  /// Steps of the optimizer in the whole run.
  ///
  /// @param batches in an epoch
  public int steps(int batches) {
    return steps.orElseGet(() -> Math.multiplyExact(epochs.orElseThrow(), stepsPerEpoch(batches)));
  }

  /// An epoch ends with a step, even if fewer batches are left than are gathered for one.
  public int stepsPerEpoch(int batches) {
    return Math.ceilDiv(batches, accumulate);
  }

  /// Epochs of the whole run, the last of which may be cut short.
  public int epochs(int batches) {
    return epochs.orElseGet(() -> Math.ceilDiv(steps.orElseThrow(), stepsPerEpoch(batches)));
  }
}
