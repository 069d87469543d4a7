package radiata.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profiles;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.train.adapter.Blueprint;
import radiata.train.adapter.Continued;
import radiata.train.adapter.Draft;
import radiata.train.adapter.LanguageLayers;
import radiata.train.adapter.PeftSettings;
import radiata.train.adapter.Targets;
import radiata.train.adapter.TrainedAdapter;
import radiata.train.config.AdapterSection;
import radiata.train.config.AdapterSection.NormGradient;
import radiata.train.config.OutputSection.Dialect;
import radiata.train.config.TextSection;
import radiata.train.config.TrainConfig;
import radiata.train.engine.MapAlgebra;
import radiata.train.engine.Torch;
import radiata.train.model.LanguageConfig;
import radiata.train.model.LanguageModel;
import radiata.train.nn.Layers;
import radiata.train.nn.NetworkException;
import radiata.train.nn.Projection;
import radiata.train.nn.Weights;
import radiata.train.text.TokenRows;

/// Puts an adapter on a language model and its texts in rows.
final class LanguageSetup {
  private LanguageSetup() {}

  static Task task(TrainConfig config, TextSection text, Checkpoint base, Torch torch)
      throws IOException {
    Path folder =
        Files.isDirectory(base.path())
            ? base.path()
            : base.path().toAbsolutePath().resolveSibling("");
    Path file = folder.resolve("config.json");
    if (!Files.isRegularFile(file)) {
      throw new NetworkException(
          "%s has no config.json, which says what language model it is".formatted(folder));
    }
    LanguageConfig architecture = LanguageConfig.parse(Files.readString(file), file.toString());
    Opened opened = new Opened();
    try {
      Weights weights =
          opened.add(new Weights(torch, Weights.places(base, "", ""), config.model().precision()));
      LanguageModel model = LanguageModel.of(new Layers(weights), architecture);
      TrainedAdapter adapter = adapter(config, model, torch);
      adapter.attach(
          model.layers().projections(),
          new MapAlgebra(config.adapter().normGradient() == NormGradient.DETACHED),
          Profiles.EXACT);
      return new LanguageTask(
          config,
          torch,
          model,
          adapter,
          TokenRows.read(folder, architecture.end(), text),
          settings(config, architecture, adapter, folder),
          opened);
    } catch (Throwable e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  /// Those of an adapter that is continued stay as they are.
  private static Optional<String> settings(
      TrainConfig config, LanguageConfig architecture, TrainedAdapter adapter, Path folder)
      throws IOException {
    if (config.output().dialect() != Dialect.PEFT) {
      return Optional.empty();
    }
    Optional<String> own =
        config.adapter().from().isPresent()
            ? Continued.read(config.adapter().from().get()).settings()
            : Optional.empty();
    return Optional.of(
        own.orElseGet(() ->
            PeftSettings.text(
                config.adapter().blueprint(),
                adapter.modules(),
                String.valueOf(folder.getFileName()),
                architecture.type().equals("gpt2"))));
  }

  private static TrainedAdapter adapter(TrainConfig config, LanguageModel model, Torch torch)
      throws IOException {
    AdapterSection section = config.adapter();
    Map<String, Projection> layers = model.layers().projections();
    boolean peft = config.output().dialect() == Dialect.PEFT;
    if (section.from().isPresent()) {
      try (AdapterFile file = AdapterFile.open(section.from().get(), Limits.DEFAULT, null)) {
        return TrainedAdapter.read(torch, file, LanguageLayers.paths(layers.keySet()), DType.F32);
      }
    }
    Blueprint blueprint = section.blueprint();
    Draft.Spelling spelling = peft ? Draft.Spelling.PEFT : Draft.Spelling.KOHYA;
    Draft draft = new Draft(torch, blueprint, spelling, DType.F32, config.training().seed());
    Targets targets =
        Targets.named(section.targets().isEmpty() ? List.of("all-linear") : section.targets());
    layers.forEach((path, layer) -> {
      if (targets.text().test(path)) {
        draft.add(LanguageLayers.name(path, peft), layer);
      }
    });
    return required(draft.adapter(), section.targets());
  }

  /// @throws NetworkException if no layer is trained
  static TrainedAdapter required(TrainedAdapter adapter, List<String> targets) {
    if (adapter.modules().isEmpty()) {
      throw new NetworkException(
          "no layer of the model is trained: targets = %s name none of them".formatted(targets));
    }
    return adapter;
  }
}
