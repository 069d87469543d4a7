package radiata.train.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import radiata.adapter.Adapter;
import radiata.adapter.Additive;
import radiata.adapter.Dora;
import radiata.adapter.Factor;
import radiata.adapter.Loha;
import radiata.adapter.Lokr;
import radiata.adapter.Lora;
import radiata.adapter.Scale;
import radiata.adapter.Site;
import radiata.convention.DoraAxis;
import radiata.convention.Magnitude;
import radiata.convention.Profiles;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.tensor.DoubleTensor;
import radiata.tensor.Doubles;
import radiata.train.engine.LinearMap.Dense;

/// The reading of formulas that is trained against the one that is baked, in float64.
final class MapAlgebraTest {
  private static final Scale SCALE = new Scale(OptionalDouble.of(3), 2);

  enum Layer {
    LINEAR(Shape.of(6, 8)),
    POINT(Shape.of(6, 8, 1, 1)),
    KERNEL(Shape.of(6, 8, 3, 3));

    private final Shape shape;

    Layer(Shape shape) {
      this.shape = shape;
    }
  }

  private final Torch torch = Torch.on(Device.CPU);
  private final Random random = new Random(7);
  private final Map<String, double[]> numbers = new LinkedHashMap<>();
  private final Map<String, Shape> shapes = new LinkedHashMap<>();
  private final Arena memory = Arena.ofAuto();
  private Scope scope;

  @BeforeEach
  void open() {
    scope = Scope.open();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private String tensor(String name, long... shape) {
    double[] values = new double[(int) Shape.of(shape).elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextGaussian();
    }
    numbers.put(name, values);
    shapes.put(name, Shape.of(shape));
    return name;
  }

  private List<Adapter<String>> adapters(Shape weight) {
    long out = weight.dim(0);
    long in = weight.matrix().dim(1);
    long[] down = weight.dims();
    down[0] = 2;
    long[] large = weight.dims();
    large[0] = 3;
    large[1] = 4;
    List<Additive<String>> plain = new ArrayList<>();
    plain.add(new Lora<>(new Factor.Split<>(tensor("up", out, 2), tensor("down", down)), SCALE));
    plain.add(
        new Loha<>(
            new Factor.Split<>(tensor("a", out, 2), tensor("b", 2, in)),
            new Factor.Split<>(tensor("c", out, 2), tensor("d", 2, in)),
            SCALE));
    plain.add(
        new Lokr<>(
            new Factor.Whole<>(tensor("small", 2, 2)),
            new Factor.Whole<>(tensor("large", large)),
            Scale.none(2)));
    List<Adapter<String>> all = new ArrayList<>(plain);
    for (Additive<String> inner : plain) {
      for (DoraAxis axis : DoraAxis.values()) {
        long[] magnitude = new long[weight.rank()];
        java.util.Arrays.fill(magnitude, 1);
        int at = axis == DoraAxis.OUTPUT ? 0 : 1;
        magnitude[at] = weight.dim(at);
        all.add(new Dora<>(inner, tensor("m" + all.size(), magnitude), axis, Magnitude.DORA_SCALE));
      }
    }
    return all;
  }

  private DoubleTensor doubles(String name) {
    MemorySegment data = memory.allocateFrom(ValueLayout.JAVA_DOUBLE, numbers.get(name));
    return new DoubleTensor(shapes.get(name), data);
  }

  private Tensor torchOf(String name) {
    return torch.of(numbers.get(name), shapes.get(name).dims());
  }

  @ParameterizedTest
  @EnumSource
  void everyTrainedAdapterIsTheWeightThatIsBaked(Layer layer) {
    String weight = tensor("weight", layer.shape.dims());
    for (Adapter<String> adapter : adapters(layer.shape)) {
      DoubleTensor before = doubles(weight);
      DoubleTensor whole =
          adapter
              .map(name -> doubles(name))
              .bake(new Site<>(before, before, DType.F64), 1, new Doubles(memory), Profiles.EXACT);
      double[] baked = whole.data().toArray(ValueLayout.JAVA_DOUBLE);
      LinearMap map = map(adapter, weight, new MapAlgebra(true));
      assertThat(map.dense().doubles())
          .as(adapter.toString())
          .containsExactly(baked, within(1e-11));
      Convolution how =
          layer == Layer.LINEAR ? null : new Convolution(1, layer == Layer.KERNEL ? 1 : 0);
      Tensor x =
          layer == Layer.LINEAR ? torchOf(tensor("x", 5, 8)) : torchOf(tensor("x", 2, 8, 4, 4));
      Tensor through = Dense.of(torch.of(baked, layer.shape.dims())).apply(x, how);
      assertThat(map.apply(x, how).doubles())
          .as(adapter.toString())
          .containsExactly(through.doubles(), within(1e-9));
    }
  }

  private LinearMap map(Adapter<String> adapter, String weight, MapAlgebra algebra) {
    Dense dense = Dense.of(torchOf(weight));
    return adapter
        .<LinearMap>map(name -> Dense.of(torchOf(name)))
        .bake(new Site<>(dense, dense, DType.F64), 1, algebra, Profiles.EXACT);
  }

  @Test
  void aProductIsNeverBuilt() {
    String weight = tensor("weight", 6, 8);
    for (Adapter<String> adapter : adapters(Shape.of(6, 8))) {
      if (adapter instanceof Dora<String>(Lora<String> _, String _, DoraAxis axis, Magnitude _)) {
        LinearMap map = map(adapter, weight, new MapAlgebra(true));
        LinearMap inner =
            switch (map) {
              case LinearMap.RowScaled(LinearMap of, Tensor _) -> of;
              case LinearMap.ColumnScaled(LinearMap of, Tensor _) -> of;
              case LinearMap.Dense _, LinearMap.Product _, LinearMap.Sum _ ->
                  throw new AssertionError(axis + " " + map);
            };
        assertThat(inner).isInstanceOf(LinearMap.Sum.class);
      }
    }
  }

  @Test
  void aDetachedNormGetsNoGradientAndAFullOneDoes() {
    String weight = tensor("weight", 6, 8);
    Adapter<String> dora = adapters(Shape.of(6, 8)).get(3);
    double[] detached = gradient(dora, weight, true);
    double[] full = gradient(dora, weight, false);
    assertThat(full).isNotEqualTo(detached);
    // Central differences see the whole function.
    double step = 1e-6;
    double[] up = numbers.get("up");
    for (int i = 0; i < up.length; i++) {
      double kept = up[i];
      up[i] = kept + step;
      double above = loss(dora, weight, false).number();
      up[i] = kept - step;
      double below = loss(dora, weight, false).number();
      up[i] = kept;
      assertThat(full[i]).isCloseTo((above - below) / (2 * step), within(1e-6));
    }
  }

  private Tensor loss(Adapter<String> adapter, String weight, boolean detached) {
    Tensor x = torch.of(new double[] {1, -2, 3, 0.5, -1, 2, -0.3, 1}, 1, 8);
    return map(adapter, weight, new MapAlgebra(detached)).apply(x, null).square().sum();
  }

  private double[] gradient(Adapter<String> adapter, String weight, boolean detached) {
    try (Gradients.Pause _ = Gradients.record()) {
      Tensor up = torchOf("up").trained();
      Dense dense = Dense.of(torchOf(weight));
      Tensor x = torch.of(new double[] {1, -2, 3, 0.5, -1, 2, -0.3, 1}, 1, 8);
      adapter
          .<LinearMap>map(name -> Dense.of(name.equals("up") ? up : torchOf(name)))
          .bake(new Site<>(dense, dense, DType.F64), 1, new MapAlgebra(detached), Profiles.EXACT)
          .apply(x, null)
          .square()
          .sum()
          .backward();
      return up.gradient().orElseThrow().doubles();
    }
  }
}
