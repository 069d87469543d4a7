package radiata.train.log;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// What is known after a step of the optimizer.
///
/// @param step counted from 1
/// @param epoch counted from 1
/// @param values by the tags of sd-scripts: `loss/current`, `loss/average`, `lr/unet`,
///   `norm/avg_grad_norm`, ...; the same ones in the same order in every step
public record StepRecord(int step, int epoch, SequencedMap<String, Double> values) {
  public StepRecord {
    values = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(values));
  }

  public static StepRecord of(int step, int epoch, Map<String, Double> values) {
    return new StepRecord(step, epoch, new LinkedHashMap<>(values));
  }
}
