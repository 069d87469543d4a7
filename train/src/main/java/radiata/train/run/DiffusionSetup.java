package radiata.train.run;

import java.io.IOException;
import java.util.Optional;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profiles;
import radiata.names.Dialect;
import radiata.names.Family;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.train.adapter.Blueprint;
import radiata.train.adapter.DiffusionLayers;
import radiata.train.adapter.Draft;
import radiata.train.adapter.Targets;
import radiata.train.adapter.TrainedAdapter;
import radiata.train.config.AdapterSection;
import radiata.train.config.AdapterSection.NormGradient;
import radiata.train.config.ImageSection;
import radiata.train.config.OutputSection;
import radiata.train.config.TrainConfig;
import radiata.train.data.ImageData;
import radiata.train.engine.MapAlgebra;
import radiata.train.engine.Torch;
import radiata.train.metadata.BaseVersion;
import radiata.train.metadata.ModelFacts;
import radiata.train.nn.Projection;
import radiata.train.sample.Prediction;

/// Puts an adapter on a diffusion model and its pictures in batches.
final class DiffusionSetup {
  private final TrainConfig config;
  private final DiffusionLayers layers;

  private DiffusionSetup(TrainConfig config, DiffusionParts parts) {
    this.config = config;
    boolean kohya = config.output().dialect() == OutputSection.Dialect.KOHYA;
    this.layers =
        new DiffusionLayers(
            parts.family(),
            parts.unet(),
            parts.encoders(),
            kohya ? Dialect.KOHYA : Dialect.LYCORIS);
  }

  static Task task(
      TrainConfig config, ImageSection images, Checkpoint base, Torch torch, RunListener listener)
      throws IOException {
    ImageData data = ImageData.scan(images.datasets());
    data.notes().forEach(listener::note);
    Opened opened = new Opened();
    try {
      DiffusionParts parts = new DiffusionParts(config, images, base, torch, opened);
      DiffusionSetup setup = new DiffusionSetup(config, parts);
      TrainedAdapter adapter = setup.adapter(torch);
      boolean detached = config.adapter().normGradient() == NormGradient.DETACHED;
      adapter.attach(
          setup.layers.layers(),
          new MapAlgebra(detached),
          detached ? Profiles.EXACT : Profiles.LYCORIS);
      return new DiffusionTask(config, torch, parts, adapter, data, facts(parts, base), opened);
    } catch (Throwable e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  private TrainedAdapter adapter(Torch torch) throws IOException {
    AdapterSection section = config.adapter();
    if (section.from().isPresent()) {
      try (AdapterFile file = AdapterFile.open(section.from().get(), Limits.DEFAULT, null)) {
        return TrainedAdapter.read(torch, file, layers.paths(), DType.F32);
      }
    }
    Draft draft =
        new Draft(
            torch, section.blueprint(), Draft.Spelling.KOHYA, DType.F32, config.training().seed());
    Targets targets = section.layers();
    layers
        .layers()
        .forEach((path, layer) -> {
          if (wanted(path, layer, targets, section)) {
            draft.add(layers.name(path), path, layer);
          }
        });
    return LanguageSetup.required(draft.adapter(), section.targets());
  }

  private static boolean wanted(
      String path, Projection layer, Targets targets, AdapterSection section) {
    if (Blueprint.isKernel(layer.shape()) && !targets.kernels()) {
      return false;
    }
    return DiffusionLayers.isText(path)
        ? section.textEncoder() && targets.text().test(DiffusionLayers.inner(path))
        : section.denoiser() && targets.unet().test(path);
  }

  private static ModelFacts facts(DiffusionParts parts, Checkpoint base) {
    boolean velocity = parts.schedule().prediction() == Prediction.V;
    BaseVersion version =
        parts.family() == Family.SDXL
            ? BaseVersion.SDXL
            : parts.family() == Family.SD2
                ? velocity ? BaseVersion.SD2_V : BaseVersion.SD2
                : velocity ? BaseVersion.SD1_V : BaseVersion.SD1;
    return new ModelFacts(
        version,
        velocity,
        String.valueOf(base.path().getFileName()),
        Optional.empty(),
        Optional.empty());
  }
}
