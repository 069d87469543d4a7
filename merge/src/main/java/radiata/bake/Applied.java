package radiata.bake;

import java.util.List;
import radiata.adapter.Adapter;
import radiata.adapter.file.AdapterFile;
import radiata.adapter.file.AdapterModule;
import radiata.names.Rows;
import radiata.names.Target;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;

/// One module of one adapter at its place in the base.
///
/// @param adapter what the runtime reads of the module
/// @param view the shape of the weight as the adapter sees it: its rows alone, or transposed
/// @param strength the user's, times those of component and block
public record Applied(
    AdapterFile file,
    AdapterModule module,
    Adapter<TensorInfo> adapter,
    Target target,
    Shape view,
    double strength) {

  /// The view of a target in a base tensor of this shape.
  static Shape view(Target target, Shape stored) {
    Shape rows = stored;
    if (target.rows() instanceof Rows(long start, long count)) {
      long[] dims = stored.dims();
      if (dims.length == 0 || start + count > dims[0]) {
        throw new radiata.tensor.ShapeMismatch(
            "rows " + start + " to " + (start + count) + " of a weight " + stored);
      }
      dims[0] = count;
      rows = Shape.of(dims);
    }
    return target.transposed() ? radiata.tensor.Shapes.ALGEBRA.permute(rows, 1, 0) : rows;
  }

  List<TensorInfo> tensors() {
    return adapter.tensors();
  }
}
