package radiata.train.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import radiata.adapter.file.AdapterFile;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Hashes;
import radiata.safetensors.Limits;
import radiata.safetensors.provenance.Input;
import radiata.safetensors.provenance.Provenance;
import radiata.safetensors.provenance.Recipe;
import radiata.safetensors.provenance.Source;
import radiata.train.config.TrainConfig;

/// What a trained adapter says of where it comes from, and what tells one run from another.
final class Origins {
  private Origins() {}

  static Provenance provenance(TrainConfig config, Checkpoint base) throws IOException {
    Map<String, String> settings = new TreeMap<>();
    settings.put("seed", String.valueOf(config.training().seed()));
    settings.put("norm-gradient", config.adapter().normGradient().name().toLowerCase(Locale.ROOT));
    List<Input> inputs = new ArrayList<>(List.of(Input.byHeader("base", base)));
    if (config.adapter().from().isPresent()) {
      inputs.add(adapter(config.adapter().from().get()));
    }
    return new Provenance(new Recipe("train", settings), inputs);
  }

  private static Input adapter(Path path) throws IOException {
    List<Source> files = new ArrayList<>();
    try (AdapterFile file = AdapterFile.open(path, Limits.DEFAULT, null)) {
      List<Path> paths = new ArrayList<>(List.of(file.file().path()));
      file.config().ifPresent(paths::add);
      for (Path each : paths) {
        files.add(Source.byContent(each).with(Hashes.sha256(each)));
      }
    }
    return new Input("adapter", Map.of(), files);
  }

  /// A run goes on from a state only if the model, the layers and their ranks, the seed and the
  /// batches are those the state was made with. The rates and the length may be others.
  static String identity(TrainConfig config, Checkpoint base, Task task) throws IOException {
    StringBuilder all = new StringBuilder();
    for (Checkpoint.Part part : base.parts()) {
      all.append(Hashes.header(part.file())).append('\n');
    }
    task.adapter()
        .parameters()
        .forEach((key, tensor) -> all.append(key).append(' ').append(tensor.shape()).append('\n'));
    all.append(config.training().seed()).append(' ');
    all.append(config.training().batchSize()).append(' ');
    all.append(config.training().accumulate()).append(' ');
    all.append(task.batchesPerEpoch());
    return Hashes.text(all.toString());
  }
}
