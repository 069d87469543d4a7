package radiata.convert.folder;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import radiata.safetensors.Shape;

/// The tensors of one component, by the names of diffusers.
record Shapes(Map<String, Shape> named) {
  /// A dimension of a tensor.
  ///
  /// @throws IllegalArgumentException if there is no such dimension
  long dim(String name, int axis) {
    Shape shape = named.get(name);
    if (shape == null || shape.rank() <= axis) {
      throw new IllegalArgumentException(
          "tensor %s is %s, and its dimension %d is needed for a config"
              .formatted(name, shape == null ? "missing" : shape, axis));
    }
    return shape.dim(axis);
  }

  boolean has(String name) {
    return named.containsKey(name);
  }

  /// How many of the names that `pattern` gives with 0, 1, 2, … there are.
  int count(String pattern) {
    int n = 0;
    while (has(pattern.formatted(n))) {
      n++;
    }
    return n;
  }

  /// The first dimensions of the names that `pattern` gives with 0, 1, 2, …
  List<Long> widths(String pattern) {
    List<Long> widths = new ArrayList<>();
    for (int n = 0; has(pattern.formatted(n)); n++) {
      widths.add(dim(pattern.formatted(n), 0));
    }
    return widths;
  }

  /// The number of attention heads: each is 64 wide, and a toy model has one.
  static long heads(long width) {
    return Math.max(1, width / 64);
  }
}
