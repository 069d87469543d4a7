package radiata.train.replay;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.TensorFile;
import radiata.safetensors.TensorInfo;
import radiata.train.adapter.TrainedAdapter;
import radiata.train.adapter.TrainedModule;
import radiata.train.engine.Gradients;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.nn.Projection;
import radiata.train.nn.TensorReader;
import radiata.train.optim.Descent;

/// Runs a recorded training run again from its own first adapter and batches, and compares losses,
/// gradients, and where it ends.
final class TrainingReplay {
  private final Pack pack;
  private final Torch torch;
  private final TrainedAdapter adapter;
  private final Map<String, Projection> layers;
  private final Objective objective;
  private final Comparison comparison;

  TrainingReplay(
      Pack pack,
      Torch torch,
      TrainedAdapter adapter,
      Map<String, Projection> layers,
      Objective objective,
      Comparison comparison) {
    this.pack = pack;
    this.torch = torch;
    this.adapter = adapter;
    this.layers = layers;
    this.objective = objective;
    this.comparison = comparison;
  }

  void run() throws IOException {
    objective.before(comparison);
    descend();
    end();
    merged();
    objective.after(comparison);
  }

  private void descend() {
    List<List<Tensor>> groups = groups();
    Descent descent =
        new Descent(
            torch, groups, pack.optimizer(), pack.number("training", "clip_grad_norm").orElse(0.0));
    int steps = (int) pack.need("training", "steps");
    int batches = pack.number("training", "accumulate").orElse(1.0).intValue();
    double[] rates = comparison.record("lr");
    int columns = rates.length / steps;
    double[] losses = new double[steps];
    double[] norms = new double[steps];
    for (int step = 1; step <= steps; step++) {
      losses[step - 1] = backward((step - 1) * batches + 1, batches);
      if (step <= 2) {
        gradients(step);
      }
      List<Double> now = new ArrayList<>();
      for (int group = 0; group < groups.size(); group++) {
        now.add(rates[(step - 1) * columns + Math.min(group, columns - 1)]);
      }
      norms[step - 1] = descent.step(now);
      if (step == 1) {
        afterFirst();
      }
    }
    losses(losses, norms);
  }

  /// The text encoder learns at a rate of its own, and stands first.
  private List<List<Tensor>> groups() {
    List<Tensor> text = new ArrayList<>();
    List<Tensor> other = new ArrayList<>();
    adapter
        .parameters()
        .forEach((key, tensor) -> (key.startsWith("lora_te") ? text : other).add(tensor));
    return text.isEmpty() ? List.of(other) : other.isEmpty() ? List.of(text) : List.of(text, other);
  }

  private double backward(int first, int batches) {
    double sum = 0;
    for (int batch = first; batch < first + batches; batch++) {
      try (Scope _ = Scope.open();
          Gradients.Pause _ = Gradients.record()) {
        Tensor loss = objective.loss(batch);
        double share = objective.share(batch, first, batches);
        loss.times(share).backward();
        sum += loss.number() * share;
      }
    }
    return sum;
  }

  private void gradients(int step) {
    Map<String, double[]> found = new LinkedHashMap<>();
    try (Scope _ = Scope.open()) {
      adapter
          .parameters()
          .forEach((key, tensor) -> {
            if (comparison.has("grad." + step + "." + key)) {
              found.put(
                  key,
                  tensor
                      .gradient()
                      .map(Tensor::doubles)
                      .orElseGet(() -> new double[Math.toIntExact(tensor.shape().elements())]));
            }
          });
    }
    comparison.relative(
        "gradients at step " + step, "grad." + step + ".", found, "grad_step" + step + "_rel_norm");
  }

  private void afterFirst() {
    Map<String, double[]> found = new LinkedHashMap<>();
    for (String key : comparison.names("after_step1.")) {
      Tensor tensor = adapter.parameters().get(key);
      if (tensor != null) {
        found.put(key, tensor.doubles());
      }
    }
    if (!found.isEmpty()) {
      comparison.relative("adapter after step 1", "after_step1.", found, "final_rel_norm_per_kind");
    }
  }

  private void losses(double[] losses, double[] norms) {
    double[] record = comparison.record("loss");
    double[] recordNorms = comparison.record("grad_norm");
    pack.tolerance("loss_abs_step1")
        .ifPresent(most -> comparison.add("loss at step 1", Math.abs(losses[0] - record[0]), most));
    pack.tolerance("loss_abs")
        .ifPresent(
            most -> comparison.add("loss of every step", Comparison.largest(losses, record), most));
    double relative = 0;
    for (int i = 0; i < norms.length; i++) {
      double one = Math.abs(norms[i] / recordNorms[i] - 1);
      relative = Double.isNaN(one) ? Double.POSITIVE_INFINITY : Math.max(relative, one);
    }
    double most = relative;
    pack.tolerance("grad_norm_rel")
        .ifPresent(allowed -> comparison.add("gradient norm of every step", most, allowed));
  }

  /// Every tensor of one kind (all `lora_up.weight`, ...) together.
  private void end() throws IOException {
    Map<String, Map<String, double[]>> kinds = new TreeMap<>();
    double largest = 0;
    try (TensorFile file =
            TensorFile.open(pack.folder().resolve("final_adapter.safetensors"), Limits.DEFAULT);
        Scope _ = Scope.open()) {
      TensorReader reader = new TensorReader(torch, file);
      Comparison ends = new Comparison(pack, new Given(reader, DType.F64));
      for (TensorInfo info : file.tensors()) {
        Tensor tensor = adapter.parameters().get(info.name());
        if (tensor != null) {
          double[] found = tensor.doubles();
          largest = Math.max(largest, Comparison.largest(found, reader.read(info).doubles()));
          kinds
              .computeIfAbsent(kind(info.name()), kind -> new LinkedHashMap<>())
              .put(info.name(), found);
        }
      }
      kinds.forEach(
          (kind, found) -> ends.relative("final " + kind, "", found, "final_rel_norm_per_kind"));
      ends.deviations().forEach(d -> comparison.add(d.name(), d.found(), d.tolerance()));
    }
    double most = largest;
    pack.tolerance("final_max_abs")
        .ifPresent(allowed -> comparison.add("final adapter, largest", most, allowed));
  }

  private static String kind(String key) {
    int last = key.lastIndexOf('.');
    boolean weight = key.substring(last + 1).equals("weight");
    return key.substring((weight ? key.lastIndexOf('.', last - 1) : last) + 1);
  }

  private void merged() {
    double largest = 0;
    Map<String, double[]> found = new LinkedHashMap<>();
    for (TrainedModule module : adapter.modules()) {
      String name = "merged." + recorded(module) + ".weight";
      if (!comparison.has(name)) {
        continue;
      }
      try (Scope _ = Scope.open();
          Gradients.Pause _ = Gradients.pause()) {
        Projection layer = Objects.requireNonNull(layers.get(module.path()), module.path());
        Tensor weight = layer.map().dense();
        double[] values = (flipped() ? weight.transposed() : weight).cast(DType.F64).doubles();
        largest = Math.max(largest, Comparison.largest(values, comparison.record(name)));
        found.put(recorded(module) + ".weight", values);
      }
    }
    if (found.isEmpty()) {
      return;
    }
    comparison.relative("merged weights", "merged.", found, "merged_rel_norm");
    double most = largest;
    pack.tolerance("merged_max_abs")
        .ifPresent(allowed -> comparison.add("merged weights, largest", most, allowed));
  }

  private boolean flipped() {
    return pack.flag("adapter", "fan_in_fan_out");
  }

  /// Records name modules by their path, some with the network before it.
  private String recorded(TrainedModule module) {
    for (String prefix : List.of("", "unet.")) {
      if (comparison.has("merged." + prefix + module.path() + ".weight")) {
        return prefix + module.path();
      }
    }
    return module.name();
  }
}
