package radiata.names;

import java.util.List;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.Shape;

/// A tensor of a base as naming sees it.
public record BaseTensor(String component, String name, Shape shape) {
  public static BaseTensor of(Stored stored) {
    return new BaseTensor(stored.component(), stored.name(), stored.info().shape());
  }

  /// The tensors of a model.
  public static List<BaseTensor> of(Checkpoint model) {
    return model.tensors().stream().map(BaseTensor::of).toList();
  }
}
