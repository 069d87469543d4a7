package radiata.bake;

import java.util.List;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.TensorInfo;

/// What happens to one tensor of the base.
public sealed interface Step {
  Stored source();

  /// The output file, by its place in the plan, and the tensor in it.
  int file();

  TensorInfo target();

  /// Its bytes go over as they are.
  record Copy(Stored source, int file, TensorInfo target) implements Step {}

  /// Its numbers go over in another dtype.
  record Convert(Stored source, int file, TensorInfo target, Coding coding) implements Step {}

  /// Adapters change it, one after another.
  record Change(Stored source, int file, TensorInfo target, List<Applied> applied, Coding coding)
      implements Step {
    /// A change of plain numbers.
    Change(Stored source, int file, TensorInfo target, List<Applied> applied) {
      this(source, file, target, applied, Coding.PLAIN);
    }
  }

  /// It is the scale of a weight that is changed, and written together with it.
  record Scale(Stored source, int file, TensorInfo target) implements Step {}
}
