package radiata.train.optim;

import java.util.ArrayList;
import java.util.List;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;

/// The optimizer over groups of parameters that have learning rates of their own, with one norm to
/// clip by. What it holds belongs to the scope that is open when it is made.
public final class Descent {
  private final List<AdamW> groups = new ArrayList<>();
  private final double clip;

  /// @param clip the largest norm of all gradients together; 0 for none
  public Descent(Torch torch, List<List<Tensor>> groups, AdamW.Settings settings, double clip) {
    for (List<Tensor> group : groups) {
      this.groups.add(new AdamW(torch, group, settings));
    }
    this.clip = clip;
  }

  public List<AdamW> groups() {
    return groups;
  }

  /// Clips the gradients that have gathered, makes a step, and clears them.
  ///
  /// @param rates one for every group
  /// @return the norm of all gradients before clipping
  public double step(List<Double> rates) {
    try (Scope _ = Scope.open()) {
      List<List<Tensor>> all = new ArrayList<>();
      for (AdamW group : groups) {
        all.add(gradients(group.parameters()));
      }
      double norm = Clipping.clip(all.stream().flatMap(List::stream).toList(), clip);
      for (int i = 0; i < groups.size(); i++) {
        groups.get(i).step(all.get(i), rates.get(i));
      }
      clear();
      return norm;
    }
  }

  /// The gradients that have gathered, of every parameter.
  public List<Tensor> gradients() {
    return groups.stream().flatMap(group -> gradients(group.parameters()).stream()).toList();
  }

  /// A parameter that no backward pass has reached has a gradient of zeros.
  private static List<Tensor> gradients(List<Tensor> parameters) {
    List<Tensor> gradients = new ArrayList<>();
    for (Tensor parameter : parameters) {
      gradients.add(parameter.gradient().orElseGet(() -> parameter.detached().times(0)));
    }
    return gradients;
  }

  /// Forgets the gradients that have gathered.
  public void clear() {
    groups.forEach(group -> group.parameters().forEach(Tensor::clearGradient));
  }
}
