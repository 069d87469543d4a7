package radiata.train.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import radiata.safetensors.Shape;
import radiata.train.engine.LinearMap.ColumnScaled;
import radiata.train.engine.LinearMap.Dense;
import radiata.train.engine.LinearMap.Product;
import radiata.train.engine.LinearMap.RowScaled;
import radiata.train.engine.LinearMap.Sum;

/// A bias given to a map is what is added to its outputs, however the map takes it in.
class LinearMapTest {
  private static final Torch TORCH = Torch.on(Device.CPU);

  private static Tensor wave(double step, long... shape) {
    double[] values = new double[Math.toIntExact(Shape.of(shape).elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.sin(step * i + 1);
    }
    return TORCH.of(values, shape);
  }

  private static void biasIsAdded(Tensor x, LinearMap sum, @Nullable Convolution how) {
    boolean linear = how == null;
    Tensor rows = linear ? wave(0.4, 4, 1) : wave(0.4, 4, 1, 1, 1);
    Tensor columns = linear ? wave(0.9, 1, 6) : wave(0.9, 1, 6, 1, 1);
    Tensor bias = wave(1.3, 4);
    for (LinearMap map : List.of(sum, new RowScaled(sum, rows), new ColumnScaled(sum, columns))) {
      Tensor after = map.apply(x, how).plus(linear ? bias : bias.reshape(1, -1, 1, 1));
      assertThat(map.apply(x, bias, how).doubles()).containsExactly(after.doubles(), within(1e-12));
    }
  }

  @Test
  void linearMapsTakeInABias() {
    try (Scope _ = Scope.open()) {
      Product product = new Product(wave(0.2, 4, 2), wave(0.3, 2, 6), 0.5, Shape.of(4, 6));
      Tensor x = wave(0.7, 2, 3, 6);
      biasIsAdded(x, product, null);
      biasIsAdded(x, new Sum(Dense.of(wave(0.5, 4, 6)), product), null);
    }
  }

  @Test
  void convolutionsTakeInABias() {
    try (Scope _ = Scope.open()) {
      Product product = new Product(wave(0.2, 4, 2), wave(0.3, 2, 54), 0.5, Shape.of(4, 6, 3, 3));
      Tensor x = wave(0.7, 2, 6, 5, 5);
      Convolution how = new Convolution(1, 1);
      biasIsAdded(x, product, how);
      biasIsAdded(x, new Sum(Dense.of(wave(0.5, 4, 6, 3, 3)), product), how);
    }
  }
}
