package radiata.train.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// How the parts of a network are run: as they come, or so that the backward pass computes each of
/// them anew instead of keeping what it needs.
///
/// A part takes only what other parts gave, or what is not trained.
public sealed interface Segments {
  Segments PLAIN = new Plain();

  Tensor run(List<Tensor> inputs, Function<List<Tensor>, Tensor> part);

  /// The backward pass from the loss.
  void backward(Tensor loss);

  /// As they come.
  record Plain() implements Segments {
    @Override
    public Tensor run(List<Tensor> inputs, Function<List<Tensor>, Tensor> part) {
      return part.apply(inputs);
    }

    @Override
    public void backward(Tensor loss) {
      loss.backward();
    }
  }

  /// Gradient checkpointing: the forward pass keeps what lies between parts, the backward pass runs
  /// each part once more, last one first. For one step.
  final class Recomputed implements Segments {
    private record Part(List<Tensor> inputs, Function<List<Tensor>, Tensor> part, Tensor output) {}

    private final List<Part> parts = new ArrayList<>();

    @Override
    public Tensor run(List<Tensor> inputs, Function<List<Tensor>, Tensor> part) {
      if (!Gradients.recording()) {
        return part.apply(inputs);
      }
      Tensor output;
      try (Gradients.Pause _ = Gradients.pause();
          Scope scope = Scope.open()) {
        output = scope.keep(part.apply(inputs));
      }
      output.trained();
      parts.add(new Part(List.copyOf(inputs), part, output));
      return output;
    }

    @Override
    public void backward(Tensor loss) {
      loss.backward();
      for (Part part : parts.reversed()) {
        try (Scope _ = Scope.open();
            Gradients.Pause _ = Gradients.record()) {
          part.output().gradient().ifPresent(upstream -> again(part, upstream));
        }
      }
      parts.clear();
    }

    private static void again(Part part, Tensor upstream) {
      List<Tensor> inputs = new ArrayList<>();
      for (Tensor input : part.inputs()) {
        Tensor cut = input.detached();
        inputs.add(input.isTrained() ? cut.trained() : cut);
      }
      Tensor output = part.part().apply(inputs);
      // A part without adapters whose inputs are not trained has nothing to pass on.
      if (!output.isTrained()) {
        return;
      }
      output.backward(upstream);
      for (int i = 0; i < inputs.size(); i++) {
        Tensor input = part.inputs().get(i);
        inputs.get(i).gradient().ifPresent(input::backward);
      }
    }
  }
}
