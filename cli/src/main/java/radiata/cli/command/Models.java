package radiata.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import radiata.adapter.file.AdapterException;
import radiata.adapter.file.AdapterFile;
import radiata.bake.ConfigJson;
import radiata.names.BaseTensor;
import radiata.names.NameTable;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Limits;
import radiata.safetensors.SafetensorsException;

/// Opens what the user named.
final class Models {
  private static final List<String> PEFT_WEIGHTS =
      List.of("adapter_model.safetensors", "adapter_model.bin");

  private Models() {}

  /// Tensors in any layout: a model, or the weights of a PEFT folder.
  static Checkpoint open(Path path) throws IOException {
    Path weights =
        PEFT_WEIGHTS.stream()
            .map(path::resolve)
            .filter(Files::isRegularFile)
            .findFirst()
            .orElse(path);
    return Checkpoint.open(weights, Limits.DEFAULT);
  }

  static boolean isPeftWeights(Path file) {
    return PEFT_WEIGHTS.stream().anyMatch(file::endsWith);
  }

  /// Whether its keys are those of an adapter.
  static boolean isAdapter(Path path) throws IOException {
    try (AdapterFile file = AdapterFile.open(path, Limits.DEFAULT, null)) {
      return !file.modules().isEmpty() || !file.unsupported().isEmpty();
    } catch (AdapterException | SafetensorsException e) {
      return false;
    }
  }

  static List<BaseTensor> baseTensors(Checkpoint model) {
    return model.tensors().stream()
        .map(stored -> new BaseTensor(stored.component(), stored.name(), stored.info().shape()))
        .toList();
  }

  static NameTable names(Checkpoint model) {
    return NameTable.of(baseTensors(model), ConfigJson.of(model));
  }

  /// How a tensor of a model is told from all others: its name, after the component's where the
  /// model has components.
  static String label(Checkpoint.Stored stored) {
    return stored.component().isEmpty() ? stored.name() : stored.component() + "/" + stored.name();
  }
}
