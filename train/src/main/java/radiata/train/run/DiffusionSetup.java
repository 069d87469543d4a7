package radiata.train.run;

import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import radiata.adapter.file.AdapterFile;
import radiata.convention.Profiles;
import radiata.names.Dialect;
import radiata.names.Family;
import radiata.names.NameTable;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
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
  private static final String TEXT = "text_model.";

  private final TrainConfig config;
  private final DiffusionParts parts;
  // Layers by a path that is unique over the networks, and their names in adapter files.
  private final SequencedMap<String, Projection> layers = new LinkedHashMap<>();
  private final Map<String, String> names = new HashMap<>();

  private DiffusionSetup(TrainConfig config, DiffusionParts parts) {
    this.config = config;
    this.parts = parts;
    parts.unet().layers().projections().forEach((path, layer) -> put(path, unetName(path), layer));
    for (int i = 0; i < parts.encoders().size(); i++) {
      String network = parts.encoders().size() == 1 ? "te" : "te" + (i + 1);
      parts
          .encoders()
          .get(i)
          .layers()
          .projections()
          .forEach((path, layer) -> {
            String full = path.startsWith(TEXT) ? path : TEXT + path;
            put(network + ":" + full, "lora_" + network + "_" + full.replace('.', '_'), layer);
          });
    }
  }

  private void put(String path, String name, Projection layer) {
    layers.put(path, layer);
    names.put(path, name);
  }

  /// sd-scripts knows the layers of SDXL by the names of its original code.
  private String unetName(String path) {
    String name = "lora_unet_" + path.replace('.', '_');
    if (parts.family() != Family.SDXL || config.output().dialect() != OutputSection.Dialect.KOHYA) {
      return name;
    }
    NameTable table = NameTable.of(Family.SDXL);
    return table.find(name).flatMap(module -> table.name(module, Dialect.KOHYA)).orElse(name);
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
          setup.layers, new MapAlgebra(detached), detached ? Profiles.EXACT : Profiles.LYCORIS);
      return new DiffusionTask(config, torch, parts, adapter, data, facts(parts, base), opened);
    } catch (Throwable e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  private TrainedAdapter adapter(Torch torch) throws IOException {
    AdapterSection section = config.adapter();
    if (section.from().isPresent()) {
      Map<String, String> paths = new HashMap<>();
      names.forEach((path, name) -> {
        paths.put(name, path);
        if (!path.contains(":")) {
          paths.put("lora_unet_" + path.replace('.', '_'), path);
          paths.put("lycoris_" + path.replace('.', '_'), path);
        }
      });
      try (AdapterFile file = AdapterFile.open(section.from().get(), Limits.DEFAULT, null)) {
        return TrainedAdapter.read(torch, file, paths, DType.F32);
      }
    }
    Draft draft =
        new Draft(
            torch, section.blueprint(), Draft.Spelling.KOHYA, DType.F32, config.training().seed());
    Targets targets = section.layers();
    layers.forEach((path, layer) -> {
      if (wanted(path, layer, targets, section)) {
        draft.add(Objects.requireNonNull(names.get(path)), path, layer);
      }
    });
    return LanguageSetup.required(draft.adapter(), section.targets());
  }

  private static boolean wanted(
      String path, Projection layer, Targets targets, AdapterSection section) {
    boolean kernel = layer.shape().rank() > 2 && layer.shape().dim(2) > 1;
    if (kernel && !targets.kernels()) {
      return false;
    }
    int colon = path.indexOf(':');
    return colon < 0
        ? section.denoiser() && targets.unet().test(path)
        : section.textEncoder() && targets.text().test(path.substring(colon + 1));
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
