package radiata.train.adapter;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;
import radiata.adapter.Adapter;
import radiata.adapter.Additive;
import radiata.adapter.Dora;
import radiata.adapter.Factor;
import radiata.adapter.Loha;
import radiata.adapter.Lokr;
import radiata.adapter.Lora;
import radiata.adapter.Scale;
import radiata.convention.DoraAxis;
import radiata.convention.Magnitude;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.train.data.Draws;
import radiata.train.engine.MapAlgebra;
import radiata.train.engine.Scope;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;
import radiata.train.nn.Projection;

/// Makes new adapters: their tensors at the values they start from, which change nothing yet, and
/// their modules.
///
/// The first values are those of LyCORIS 3.3.0 and PEFT 0.21: `down` even within the root of its
/// inputs (Kaiming's, with a of the root of 5), `up` zero, magnitudes the norms of the weight.
public final class Draft {
  /// How the parts of a module are called in its file.
  public enum Spelling {
    /// `lora_down.weight`, `dora_scale`, with an alpha of its own.
    KOHYA,
    /// `lora_A.weight`, `lora_magnitude_vector`; alpha is in the settings.
    PEFT
  }

  private final Torch torch;
  private final Blueprint blueprint;
  private final Spelling spelling;
  private final DType dtype;
  private final Draws draws;
  private final List<TrainedModule> modules = new ArrayList<>();
  private final Map<String, Tensor> parameters = new LinkedHashMap<>();
  private final Map<String, Double> alphas = new LinkedHashMap<>();

  public Draft(Torch torch, Blueprint blueprint, Spelling spelling, DType dtype, long seed) {
    this.torch = torch;
    this.blueprint = blueprint;
    this.spelling = spelling;
    this.dtype = dtype;
    this.draws = new Draws(seed);
  }

  /// Puts a module on a layer, if the blueprint has one for it.
  ///
  /// @param name of the module in the file
  public void add(String name, Projection layer) {
    add(name, layer.path(), layer);
  }

  /// The same for a layer of one of several networks.
  ///
  /// @param path of the layer, where its own is not unique
  public void add(String name, String path, Projection layer) {
    Shape shape = layer.shape();
    Blueprint.Size size = blueprint.size(Blueprint.isKernel(shape));
    if (size.rank() == 0) {
      return;
    }
    Additive<String> inner =
        switch (blueprint.algorithm()) {
          case LORA -> lora(name, shape, size);
          case LOHA -> loha(name, shape, size);
          case LOKR -> lokr(name, shape, size);
        };
    Adapter<String> adapter =
        blueprint.dora().<Adapter<String>>map(axis -> dora(name, inner, axis, layer)).orElse(inner);
    modules.add(new TrainedModule(path, name, adapter, blueprint.dora()));
  }

  public TrainedAdapter adapter() {
    return new TrainedAdapter(modules, parameters, alphas);
  }

  private Scale scale(String name, Blueprint.Size size) {
    double alpha = blueprint.stated(size);
    if (spelling == Spelling.KOHYA) {
      alphas.put(name + ".alpha", alpha);
    }
    return new Scale(OptionalDouble.of(alpha), size.rank());
  }

  private Additive<String> lora(String name, Shape shape, Blueprint.Size size) {
    long rank = size.rank();
    long[] down = shape.dims();
    down[0] = rank;
    long[] up = new long[shape.rank()];
    Arrays.fill(up, 1);
    up[0] = shape.dim(0);
    up[1] = rank;
    boolean peft = spelling == Spelling.PEFT;
    String downKey = name + (peft ? ".lora_A.weight" : ".lora_down.weight");
    String upKey = name + (peft ? ".lora_B.weight" : ".lora_up.weight");
    even(downKey, shape.matrix().dim(1), down);
    zeros(upKey, up);
    return new Lora<>(new Factor.Split<>(upKey, downKey), scale(name, size));
  }

  private Additive<String> loha(String name, Shape shape, Blueprint.Size size) {
    long out = shape.dim(0);
    long in = shape.matrix().dim(1);
    long rank = size.rank();
    normal(name + ".hada_w1_a", 0.1, out, rank);
    normal(name + ".hada_w1_b", 1, rank, in);
    zeros(name + ".hada_w2_a", out, rank);
    normal(name + ".hada_w2_b", 1, rank, in);
    return new Loha<>(
        new Factor.Split<>(name + ".hada_w1_a", name + ".hada_w1_b"),
        new Factor.Split<>(name + ".hada_w2_a", name + ".hada_w2_b"),
        scale(name, size));
  }

  /// A factor is a product where that is smaller (LyCORIS 3.3.0 `modules/lokr.py`).
  private Additive<String> lokr(String name, Shape shape, Blueprint.Size size) {
    long rank = size.rank();
    Kronecker out = Kronecker.of(Math.toIntExact(shape.dim(0)), blueprint.factor());
    Kronecker in = Kronecker.of(Math.toIntExact(shape.dim(1)), blueprint.factor());
    long[] large = shape.dims();
    large[0] = out.large();
    large[1] = in.large();
    boolean smallWhole =
        !blueprint.decomposeBoth() || rank >= Math.max(out.small(), in.small()) / 2.0;
    boolean largeWhole = rank >= Math.max(out.large(), in.large()) / 2.0;
    Factor<String> one;
    if (smallWhole) {
      even(name + ".lokr_w1", in.small(), out.small(), in.small());
      one = new Factor.Whole<>(name + ".lokr_w1");
    } else {
      even(name + ".lokr_w1_a", rank, out.small(), rank);
      even(name + ".lokr_w1_b", in.small(), rank, in.small());
      one = new Factor.Split<>(name + ".lokr_w1_a", name + ".lokr_w1_b");
    }
    Factor<String> two;
    if (largeWhole) {
      zeros(name + ".lokr_w2", large);
      two = new Factor.Whole<>(name + ".lokr_w2");
    } else {
      even(name + ".lokr_w2_a", rank, out.large(), rank);
      zeros(name + ".lokr_w2_b", rank, Shape.of(large).matrix().dim(1));
      two = new Factor.Split<>(name + ".lokr_w2_a", name + ".lokr_w2_b");
    }
    if (!smallWhole || !largeWhole) {
      return new Lokr<>(one, two, scale(name, size));
    }
    // Of two whole factors the scale is 1; LyCORIS then states the rank as alpha.
    if (spelling == Spelling.KOHYA) {
      alphas.put(name + ".alpha", (double) rank);
    }
    return new Lokr<>(one, two, Scale.none(Math.toIntExact(rank)));
  }

  private Dora<String> dora(String name, Additive<String> inner, DoraAxis axis, Projection layer) {
    boolean peft = spelling == Spelling.PEFT;
    Magnitude key = peft ? Magnitude.LORA_MAGNITUDE_VECTOR : Magnitude.DORA_SCALE;
    String tensor = name + (peft ? ".lora_magnitude_vector" : ".dora_scale");
    Tensor norms;
    try (Scope scope = Scope.open()) {
      Tensor root = MapAlgebra.squares(layer.weight().cast(dtype), axis).root();
      norms = scope.keep((peft && root.rank() == 2 ? root.reshape(-1) : root).copied());
    }
    parameters.put(tensor, norms.trained());
    return new Dora<>(inner, tensor, axis, key);
  }

  private void even(String key, long inputs, long... shape) {
    double bound = 1 / Math.sqrt((double) inputs);
    put(key, generator -> bound * (2 * generator.nextDouble() - 1), shape);
  }

  private void normal(String key, double deviation, long... shape) {
    put(key, generator -> deviation * generator.nextGaussian(), shape);
  }

  private void zeros(String key, long... shape) {
    parameters.put(key, torch.zeros(dtype, shape).trained());
  }

  /// Every tensor has numbers of its own, whatever other layers there are.
  private void put(String key, ToDoubleFunction<RandomGenerator> number, long... shape) {
    RandomGenerator generator = draws.of(Draws.Purpose.ADAPTER, 0, Draws.item(key));
    double[] values = new double[elements(shape)];
    for (int i = 0; i < values.length; i++) {
      values[i] = number.applyAsDouble(generator);
    }
    try (Scope scope = Scope.open()) {
      parameters.put(key, scope.keep(torch.of(values, shape).cast(dtype).copied()).trained());
    }
  }

  private static int elements(long... shape) {
    return Math.toIntExact(Shape.of(shape).elements());
  }
}
