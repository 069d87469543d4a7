package radiata.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import radiata.bake.ModelFiles;
import radiata.names.NameTable;
import radiata.safetensors.Checkpoint;

/// Opens what the user named.
final class Models {
  private Models() {}

  /// Tensors in any layout: a model, or the weights of a PEFT folder.
  static Checkpoint open(Path path) throws IOException {
    return ModelFiles.open(path);
  }

  static boolean isPeftWeights(Path file) {
    return ModelFiles.isPeftWeights(file);
  }

  /// Whether its keys are those of an adapter.
  static boolean isAdapter(Path path) throws IOException {
    return ModelFiles.isAdapter(path);
  }

  static NameTable names(Checkpoint model) {
    return ModelFiles.names(model);
  }

  /// How a tensor of a model is told from all others: its name, after the component's where the
  /// model has components.
  static String label(Checkpoint.Stored stored) {
    return stored.component().isEmpty() ? stored.name() : stored.component() + "/" + stored.name();
  }
}
