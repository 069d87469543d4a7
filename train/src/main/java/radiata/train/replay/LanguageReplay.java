package radiata.train.replay;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profiles;
import radiata.train.adapter.LanguageLayers;
import radiata.train.adapter.TrainedAdapter;
import radiata.train.engine.Gradients;
import radiata.train.engine.MapAlgebra;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.model.LanguageConfig;
import radiata.train.model.LanguageModel;
import radiata.train.nn.Layers;
import radiata.train.nn.Projection;
import radiata.train.nn.Weights;

/// A recorded run of a language model: cross entropy of shifted labels (`kind` `causal-lm`).
final class LanguageReplay implements Objective {
  private final Pack pack;
  private final LanguageModel model;
  private final Given inputs;

  private LanguageReplay(Pack pack, LanguageModel model, Given inputs) {
    this.pack = pack;
    this.model = model;
    this.inputs = inputs;
  }

  static List<Deviation> run(Pack pack, Torch torch, boolean detached) throws IOException {
    try (PackFiles files = PackFiles.open(pack);
        AdapterFile first = PackFiles.first(pack);
        Weights weights = new Weights(torch, Weights.places(files.base(), "", ""), pack.dtype());
        Scope _ = Scope.open();
        Gradients.Pause _ = Gradients.pause()) {
      LanguageConfig config =
          LanguageConfig.parse(
              Files.readString(pack.base().resolve("config.json")), pack.base() + "/config.json");
      LanguageModel model = LanguageModel.of(new Layers(weights), config);
      Map<String, Projection> layers = model.layers().projections();
      Map<String, String> names = LanguageLayers.paths(layers.keySet());
      Comparison comparison = files.comparison(pack, torch);
      LanguageReplay replay = new LanguageReplay(pack, model, files.given(torch, pack.dtype()));
      replay.untrained(comparison);
      TrainedAdapter adapter = TrainedAdapter.read(torch, first, names, pack.dtype());
      adapter.attach(layers, new MapAlgebra(detached), Profiles.EXACT);
      new TrainingReplay(pack, torch, adapter, layers, replay, comparison).run();
      return comparison.deviations();
    }
  }

  /// The summed cross entropy of every token but the first.
  private static Tensor sum(LanguageModel model, Tensor ids, Tensor labels) {
    Tensor logits = model.logits(ids, Segments.PLAIN);
    long tokens = ids.size(1);
    return logits
        .slice(1, 0, tokens - 1)
        .reshape(-1, logits.size(2))
        .crossEntropy(labels.slice(1, 1, tokens).reshape(-1));
  }

  /// The mean cross entropy of every token but the first, each of which counts.
  static Tensor mean(LanguageModel model, Tensor ids) {
    return sum(model, ids, ids).times(1.0 / (ids.size(0) * (ids.size(1) - 1)));
  }

  private long counted(int batch) {
    Tensor labels = inputs.tensor("step." + batch + ".labels");
    long count = 0;
    for (long label : labels.slice(1, 1, labels.size(1)).longs()) {
      count += label == -100 ? 0 : 1;
    }
    return count;
  }

  @Override
  public Tensor loss(int batch) {
    return sum(
            model,
            inputs.tensor("step." + batch + ".input_ids"),
            inputs.tensor("step." + batch + ".labels"))
        .times(1.0 / counted(batch));
  }

  @Override
  public double share(int batch, int first, int batches) {
    String how = pack.text("training", "loss_normalisation").orElse("mean_per_micro_batch");
    if (how.equals("mean_per_micro_batch")) {
      return 1.0 / batches;
    }
    long all = 0;
    for (int i = first; i < first + batches; i++) {
      all += counted(i);
    }
    return (double) counted(batch) / all;
  }

  private void untrained(Comparison comparison) {
    evaluate("eval_before", comparison);
  }

  private void evaluate(String name, Comparison comparison) {
    if (!comparison.has(name) || !inputs.has("eval.input_ids")) {
      return;
    }
    try (Scope _ = Scope.open()) {
      Tensor ids = inputs.tensor("eval.input_ids");
      double loss = mean(model, ids).number();
      pack.tolerance("loss_abs")
          .ifPresent(allowed ->
              comparison.add(name, Math.abs(loss - comparison.record(name)[0]), allowed));
    }
  }

  @Override
  public void before(Comparison comparison) {
    logits("logits_first", comparison);
  }

  @Override
  public void after(Comparison comparison) {
    logits("logits_final", comparison);
    evaluate("eval_after", comparison);
  }

  private void logits(String name, Comparison comparison) {
    try (Scope _ = Scope.open()) {
      Tensor logits = model.logits(inputs.tensor("step.1.input_ids"), Segments.PLAIN);
      comparison.samples(name, logits, name + "_max_abs");
    }
  }
}
