package radiata.train.optim;

import java.util.ArrayList;
import java.util.List;
import radiata.safetensors.DType;
import radiata.train.engine.Fused;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;

/// AdamW as torch has it: decoupled decay first, both moments corrected for their start, epsilon
/// added after the correction (torch 2.7.1 `optim/adamw.py`). Its moments belong to the scope that
/// is open when it is made.
public final class AdamW {
  /// How it moves.
  ///
  /// @param beta1 how slowly the first moment forgets
  /// @param beta2 how slowly the second one does
  /// @param epsilon added to the root of the second moment
  /// @param decay of the parameters, times the rate
  public record Settings(double beta1, double beta2, double epsilon, double decay) {
    public static final Settings DEFAULT = new Settings(0.9, 0.999, 1e-8, 0.01);
  }

  private final Settings settings;
  private final List<Tensor> parameters;
  private final List<Tensor> first = new ArrayList<>();
  private final List<Tensor> second = new ArrayList<>();
  private final List<Tensor> steps = new ArrayList<>();

  public AdamW(Torch torch, List<Tensor> parameters, Settings settings) {
    this.settings = settings;
    this.parameters = List.copyOf(parameters);
    for (Tensor parameter : parameters) {
      first.add(torch.zeros(parameter.dtype(), parameter.shape().dims()));
      second.add(torch.zeros(parameter.dtype(), parameter.shape().dims()));
      steps.add(torch.zeros(DType.F32));
    }
  }

  /// One step along the gradients, which lie in the order of the parameters.
  public void step(List<Tensor> gradients, double rate) {
    if (parameters.isEmpty()) {
      return;
    }
    Fused.adamw(
        parameters,
        gradients,
        first,
        second,
        steps,
        rate,
        settings.beta1(),
        settings.beta2(),
        settings.decay(),
        settings.epsilon());
  }

  public List<Tensor> parameters() {
    return parameters;
  }

  /// First moments, in the order of the parameters; for saving and restoring.
  public List<Tensor> first() {
    return first;
  }

  public List<Tensor> second() {
    return second;
  }

  /// How many steps each parameter has made, single numbers.
  public List<Tensor> steps() {
    return steps;
  }
}
