package radiata.bake;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.names.BaseTensor;
import radiata.names.NameTable;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.SafetensorsException;

/// Models and adapters as users name them: a file, an index of shards, a folder.
public final class ModelFiles {
  private ModelFiles() {}

  /// Tensors in any layout: a model, or the weights of a PEFT folder. Whoever opens it closes it.
  ///
  /// @throws SafetensorsException if there is nothing of the kind
  public static Checkpoint open(Path path) throws IOException {
    Path weights =
        AdapterFile.PEFT_WEIGHTS.stream()
            .map(path::resolve)
            .filter(Files::isRegularFile)
            .findFirst()
            .orElse(path);
    return Checkpoint.open(weights, Limits.DEFAULT);
  }

  /// Whether a file has the name that PEFT gives weights.
  public static boolean isPeftWeights(Path file) {
    return AdapterFile.PEFT_WEIGHTS.stream().anyMatch(file::endsWith);
  }

  /// Whether its keys are those of an adapter.
  public static boolean isAdapter(Path path) throws IOException {
    try (AdapterFile file = AdapterFile.open(path, Limits.DEFAULT, null)) {
      return !file.modules().isEmpty() || !file.unsupported().isEmpty();
    } catch (AdapterException | SafetensorsException e) {
      return false;
    }
  }

  /// The names of a model's modules in every dialect.
  public static NameTable names(Checkpoint model) {
    return NameTable.of(BaseTensor.of(model), ConfigJson.of(model));
  }
}
