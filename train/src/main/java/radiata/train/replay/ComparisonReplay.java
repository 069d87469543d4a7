package radiata.train.replay;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import radiata.adapter.Adapter;
import radiata.adapter.Dora;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profiles;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.train.adapter.LanguageLayers;
import radiata.train.adapter.TrainedAdapter;
import radiata.train.adapter.TrainedModule;
import radiata.train.engine.Gradients;
import radiata.train.engine.MapAlgebra;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.LanguageConfig;
import radiata.train.model.LanguageModel;
import radiata.train.nn.Layers;
import radiata.train.nn.Projection;
import radiata.train.nn.Weights;
import radiata.train.optim.Descent;

/// A record of several methods and seeds on the same batches (`kind` `comparison`): each is trained
/// again from its own start, and the table of how far every matrix moved is computed anew.
final class ComparisonReplay {
  // From the adapters that the record keeps the table follows but for rounding.
  private static final double FROM_FILES = 1e-6;

  private final ComparedRuns runs;
  private final Torch torch;
  private final Checkpoint base;
  private final LanguageConfig config;
  private final Given inputs;
  private final Comparison comparison;

  private ComparisonReplay(
      ComparedRuns runs,
      Torch torch,
      Checkpoint base,
      LanguageConfig config,
      Given inputs,
      Comparison comparison) {
    this.runs = runs;
    this.torch = torch;
    this.base = base;
    this.config = config;
    this.inputs = inputs;
    this.comparison = comparison;
  }

  static List<Deviation> run(Pack pack, Torch torch) throws IOException {
    Path config = pack.base().resolve("config.json");
    try (PackFiles files = PackFiles.open(pack);
        Gradients.Pause _ = Gradients.pause()) {
      Comparison comparison = files.comparison(pack, torch);
      ComparisonReplay replay =
          new ComparisonReplay(
              ComparedRuns.open(pack),
              torch,
              files.base(),
              LanguageConfig.parse(Files.readString(config), config.toString()),
              files.given(torch, DType.F32),
              comparison);
      for (String method : replay.runs.methods()) {
        for (int seed = 0; comparison.has(method + ".seed" + seed + ".loss"); seed++) {
          replay.run(method, seed);
        }
      }
      return comparison.deviations();
    }
  }

  private void run(String method, int seed) throws IOException {
    boolean full = method.equals("full");
    try (Weights weights = new Weights(torch, Weights.places(base, "", ""), DType.F32);
        Weights frozen = new Weights(torch, Weights.places(base, "", ""), DType.F64);
        Scope _ = Scope.open()) {
      Map<String, Tensor> all = new TreeMap<>();
      LanguageModel model =
          LanguageModel.of(full ? new Layers(weights, all) : new Layers(weights), config);
      Map<String, Projection> layers = model.layers().projections();
      if (!full) {
        TrainedAdapter adapter = start(runs.first(method, seed), layers, method.startsWith("dora"));
        adapter.attach(layers, new MapAlgebra(true), Profiles.EXACT);
        all.putAll(adapter.parameters());
        fromFiles(method, seed, layers, frozen);
      }
      descend(method, seed, model, all, frozen);
    }
  }

  private TrainedAdapter start(Path file, Map<String, Projection> layers, boolean dora)
      throws IOException {
    Map<String, String> names = LanguageLayers.paths(layers.keySet());
    // The settings lie beside the folders of the seeds.
    Path config = file.resolveSibling("..").normalize().resolve(AdapterFile.CONFIG);
    try (AdapterFile adapter = AdapterFile.open(file, config, Limits.DEFAULT)) {
      TrainedAdapter read = TrainedAdapter.read(torch, adapter, names, DType.F32);
      if (dora) {
        return read;
      }
      List<TrainedModule> plain = new ArrayList<>();
      Map<String, Tensor> kept = new TreeMap<>();
      for (TrainedModule module : read.modules()) {
        Adapter<String> inner =
            module.adapter() instanceof Dora<String>(Adapter<String> of, _, _, _)
                ? of
                : module.adapter();
        plain.add(new TrainedModule(module.path(), module.name(), inner, Optional.empty()));
        inner.tensors().forEach(key -> kept.put(key, read.parameter(key)));
      }
      return new TrainedAdapter(plain, kept, Map.of());
    }
  }

  private void descend(
      String method, int seed, LanguageModel model, Map<String, Tensor> trained, Weights frozen)
      throws IOException {
    Pack pack = runs.pack();
    Descent descent =
        new Descent(
            torch,
            List.of(List.copyOf(trained.values())),
            pack.optimizer(),
            pack.need("training", "clip_grad_norm"));
    double rate = pack.need("methods", method, "lr");
    int steps = (int) pack.need("training", "steps");
    double[] losses = new double[steps];
    for (int step = 1; step <= steps; step++) {
      try (Scope _ = Scope.open();
          Gradients.Pause _ = Gradients.record()) {
        Tensor ids = inputs.tensor("seed%d.step.%d.input_ids".formatted(seed, step));
        Tensor loss = LanguageReplay.mean(model, ids);
        losses[step - 1] = loss.number();
        loss.backward();
      }
      descent.step(List.of(rate));
      if (runs.checkpoints().contains(step)) {
        evaluate(method, seed, step, model);
        moved(method, seed, step, "after training", model.layers().projections(), frozen, 0);
      }
    }
    String name = method + ".seed" + seed + ".loss";
    pack.tolerance("loss_abs")
        .ifPresent(allowed ->
            comparison.add(name, Comparison.largest(losses, comparison.record(name)), allowed));
  }

  private void evaluate(String method, int seed, int step, LanguageModel model) throws IOException {
    try (Scope _ = Scope.open();
        Gradients.Pause _ = Gradients.pause()) {
      double loss = LanguageReplay.mean(model, inputs.tensor("eval.input_ids")).number();
      String what = "eval_step" + step;
      runs.pack()
          .tolerance("eval_loss_abs")
          .ifPresent(allowed ->
              runs.result(method, seed, what)
                  .ifPresent(record ->
                      comparison.add(
                          method + ".seed" + seed + "." + what, Math.abs(loss - record), allowed)));
    }
  }

  private void fromFiles(String method, int seed, Map<String, Projection> layers, Weights frozen)
      throws IOException {
    for (Map.Entry<Integer, Path> kept : runs.kept(method, seed, runs.checkpoints()).entrySet()) {
      try (Scope _ = Scope.open()) {
        TrainedAdapter adapter = start(kept.getValue(), layers, method.startsWith("dora"));
        try (Weights again = new Weights(torch, Weights.places(base, "", ""), DType.F32)) {
          LanguageModel model = LanguageModel.of(new Layers(again), config);
          Map<String, Projection> own = model.layers().projections();
          adapter.attach(own, new MapAlgebra(true), Profiles.EXACT);
          moved(method, seed, kept.getKey(), "of the files", own, frozen, FROM_FILES);
        }
      }
    }
  }

  /// @param allowed relative; 0 for the tolerances of the record
  private void moved(
      String method,
      int seed,
      int step,
      String when,
      Map<String, Projection> layers,
      Weights frozen,
      double allowed) {
    double length = 0;
    double direction = 0;
    for (Map.Entry<String, Projection> layer : layers.entrySet()) {
      Turning record = runs.turning(method, seed, step, layer.getKey()).orElse(null);
      if (record == null) {
        continue;
      }
      try (Scope _ = Scope.open();
          Gradients.Pause _ = Gradients.pause()) {
        Tensor before = frozen.need(layer.getKey() + ".weight");
        Turning found = Turning.of(before, layer.getValue().exact(before));
        length = Math.max(length, apart(found.lengthOut(), record.lengthOut()));
        length = Math.max(length, apart(found.lengthIn(), record.lengthIn()));
        direction = Math.max(direction, apart(found.directionOut(), record.directionOut()));
        direction = Math.max(direction, apart(found.directionIn(), record.directionIn()));
      }
    }
    String name = "%s.seed%d.step%d %s".formatted(method, seed, step, when);
    double widest = allowed;
    comparison.add(
        name + ", lengths",
        length,
        widest > 0 ? widest : runs.pack().tolerance("dM_rel").orElse(0.0));
    comparison.add(
        name + ", directions",
        direction,
        widest > 0 ? widest : runs.pack().tolerance("dD_rel").orElse(0.0));
  }

  private static double apart(double found, double record) {
    return Math.abs(found - record) / Math.abs(record);
  }
}
