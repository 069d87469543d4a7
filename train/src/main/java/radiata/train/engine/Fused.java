package radiata.train.engine;

import ai.djl.pytorch.jni.Libtorch;
import java.util.List;

/// Operations on many tensors in one call, in place and unseen by any graph.
public final class Fused {
  private Fused() {}

  /// The L2 norm of every tensor, `[n]`.
  public static Tensor norms(List<Tensor> tensors) {
    try (Gradients.Pause _ = Gradients.pause()) {
      return Scripted.run("norms", Scripted.values(tensors));
    }
  }

  /// Multiplies every tensor by one number of no dimension.
  public static void scale(List<Tensor> tensors, Tensor by) {
    try (Gradients.Pause _ = Gradients.pause();
        Scope _ = Scope.open()) {
      Scripted.run("scale_all", Scripted.values(tensors), Scripted.value(by));
    }
  }

  /// torch's fused AdamW step.
  public static void adamw(
      List<Tensor> parameters,
      List<Tensor> gradients,
      List<Tensor> first,
      List<Tensor> second,
      List<Tensor> steps,
      double rate,
      double beta1,
      double beta2,
      double decay,
      double epsilon) {
    try (Gradients.Pause _ = Gradients.pause();
        Scope _ = Scope.open()) {
      Scripted.run(
          "adamw",
          Scripted.values(parameters),
          Scripted.values(gradients),
          Scripted.values(first),
          Scripted.values(second),
          Scripted.values(List.of()),
          Scripted.values(steps),
          Libtorch.value(rate),
          Libtorch.value(beta1),
          Libtorch.value(beta2),
          Libtorch.value(decay),
          Libtorch.value(epsilon));
    }
  }
}
