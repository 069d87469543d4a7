package radiata.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;
import radiata.convention.Profile;
import radiata.convention.Profiles;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;
import radiata.tensor.DoubleTensor;
import radiata.tensor.Doubles;
import radiata.tensor.ShapeMismatch;
import radiata.tensor.Shapes;

/// Small results that LyCORIS 3.3.0 printed, and what holds whatever the numbers.
class RotationAndKroneckerTest {
  private final Arena arena = Arena.ofAuto();
  private final Doubles on = new Doubles(arena);

  private DoubleTensor tensor(Shape shape, double... values) {
    MemorySegment data = arena.allocate(values.length * 8L, 8);
    MemorySegment.copy(values, 0, data, ValueLayout.JAVA_DOUBLE, 0, values.length);
    return new DoubleTensor(shape, data);
  }

  private DoubleTensor random(long seed, long... dims) {
    Shape shape = Shape.of(dims);
    Random random = new Random(seed);
    return tensor(shape, random.doubles(shape.elements(), -1, 1).toArray());
  }

  private double[] bake(
      Adapter<DoubleTensor> adapter, DoubleTensor weight, double strength, Profile as) {
    Site<DoubleTensor> site = new Site<>(weight, weight, DType.F64);
    return values(adapter.bake(site, strength, on, as));
  }

  private static double[] values(DoubleTensor tensor) {
    return tensor.data().toArray(ValueLayout.JAVA_DOUBLE);
  }

  @Test
  void theSmallFactorOfLokrIsTheOuterIndex() {
    Lokr<DoubleTensor> lokr =
        new Lokr<>(
            new Factor.Whole<>(tensor(Shape.of(2, 2), 1, 2, 3, 4)),
            new Factor.Whole<>(tensor(Shape.of(2, 3), 1, 0, 2, 0, 1, -1)),
            Scale.none(1));
    assertThat(values(lokr.delta(random(1, 4, 6), on, Profiles.EXACT)))
        .containsExactly(
            1, 0, 2, 2, 0, 4, 0, 1, -1, 0, 2, -2, 3, 0, 6, 4, 0, 8, 0, 3, -3, 0, 4, -4);
  }

  @Test
  void diagOftTurnsByTheTransposeOfItsRotations() {
    DoubleTensor weight = tensor(Shape.of(4, 1), 1, 2, 3, 4);
    DoubleTensor blocks = tensor(Shape.of(2, 2, 2), 0, .5, 0, 0, 0, 0, .25, 0);
    Oft<DoubleTensor> oft = new Oft<>(blocks, null, 0, false);
    near(bake(oft, weight, 1, Profiles.LYCORIS), -1, 2, 4.5294118, 2.1176471);
    near(bake(oft, weight, .5, Profiles.LYCORIS), 0, 2, 3.7647059, 3.0588236);
  }

  @Test
  void theConstraintIsOneNormOverAllBlocksAndRescaleIgnoresTheStrength() {
    DoubleTensor weight = tensor(Shape.of(4, 1), 1, 2, 3, 4);
    DoubleTensor blocks = tensor(Shape.of(2, 2, 2), 0, .5, 0, 0, 0, 0, .25, 0);
    DoubleTensor rescale = tensor(Shape.of(4, 1), 1, 1, 2, 2);
    Oft<DoubleTensor> oft = new Oft<>(blocks, rescale, .05, false);
    near(bake(oft, weight, 1, Profiles.LYCORIS), .4705075, 2.1860061, 6.9600887, 7.1803327);
    near(bake(oft, weight, 0, Profiles.LYCORIS), 1, 2, 6, 8);
    assertThat(bake(oft, weight, 0, Profiles.EXACT)).containsExactly(1, 2, 3, 4);
  }

  @Test
  void boftTurnsStageByStage() {
    DoubleTensor weight = tensor(Shape.of(8, 1), 1, 2, 3, 4, 5, 6, 7, 8);
    double[] values = new double[3 * 4 * 4];
    for (int i = 0; i < 3; i++) {
      for (int d = 0; d < 4; d++) {
        values[(i * 4 + d) * 4 + 1] = .1 * (i + 1) + .05 * d;
      }
    }
    Boft<DoubleTensor> boft = new Boft<>(tensor(Shape.of(3, 4, 2, 2), values), null, 0);
    near(
        bake(boft, weight, 1, Profiles.LYCORIS),
        8.552112,
        5.525109,
        5.413839,
        1.687845,
        7.838944,
        2.211075,
        1.042569,
        -.866741);
    near(
        bake(boft, weight, .5, Profiles.LYCORIS),
        3.816232,
        4.212429,
        4.835379,
        3.749378,
        6.655787,
        4.642814,
        4.19624,
        2.054126);
  }

  @Test
  void rotationsAreOrthogonalWhateverTheBlocks() {
    for (int seed = 0; seed < 50; seed++) {
      int size = 1 + seed % 9;
      DoubleTensor turn = on.cayley(random(seed, 3, size, size), seed % 3 * .4);
      DoubleTensor square = on.batched(turn, on.permute(turn, 0, 2, 1));
      for (int i = 0; i < 3 * size * size; i++) {
        int at = i % (size * size);
        assertThat(square.at(i)).isCloseTo(at / size == at % size ? 1 : 0, within(1e-12));
      }
    }
  }

  @Test
  void thePrincipalPartKeepsTheLargestSingularValuesOfTallAndWideMatrices() {
    for (boolean wide : new boolean[] {false, true}) {
      DoubleTensor big = on.matmul(random(1, 20, 2), random(2, 2, 12));
      DoubleTensor noise = on.affine(random(3, 20, 12), 1e-9, 0);
      DoubleTensor sum = on.plus(on.affine(big, 10, 0), noise);
      DoubleTensor matrix = wide ? on.permute(sum, 1, 0) : sum;
      DoubleTensor part = on.principal(matrix, 2);
      DoubleTensor rest = on.minus(matrix, part);
      for (double value : values(rest)) {
        assertThat(value).isCloseTo(0, within(1e-8));
      }
    }
  }

  @Test
  void tloraOfTheStartItTookOffChangesNothing() {
    DoubleTensor weight = on.matmul(random(5, 9, 3), random(6, 3, 7));
    DoubleTensor p = random(5, 9, 3);
    DoubleTensor q = random(6, 3, 7);
    DoubleTensor ones = tensor(Shape.of(1, 3), 1, 1, 1);
    Tlora<DoubleTensor> tlora = new Tlora<>(p, q, ones, Scale.none(3));
    near(bake(tlora, weight, 1, Profiles.EXACT), values(weight));
  }

  @Test
  void gloraOnAKernelLeavesTheTapsApart() {
    DoubleTensor weight = random(1, 4, 3, 2, 2);
    DoubleTensor a1 = random(2, 3, 2);
    DoubleTensor a2 = random(3, 2, 3);
    DoubleTensor b1 = tensor(Shape.of(4, 2), new double[8]);
    Glora<DoubleTensor> glora =
        new Glora<>(a1, a2, b1, random(5, 2, 3, 2, 2), Scale.none(2), false);
    DoubleTensor delta = glora.delta(weight, on, Profiles.EXACT);
    DoubleTensor mixed = on.matmul(a1, a2);
    for (int o = 0; o < 4; o++) {
      for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 4; k++) {
          double sum = 0;
          for (int c = 0; c < 3; c++) {
            sum += weight.at((o * 3 + c) * 4 + k) * mixed.at(c * 3 + i);
          }
          assertThat(delta.at((o * 3 + i) * 4 + k)).isCloseTo(sum, within(1e-12));
        }
      }
    }
  }

  @Test
  void tensorsForAnotherWeightAreNamedWithBothShapes() {
    Shape weight = Shape.of(6, 4);
    Site<Shape> site = new Site<>(weight, weight, DType.F32);
    Factor<Shape> whole = new Factor.Whole<>(Shape.of(2, 2));
    assertThatThrownBy(() ->
            new Lokr<>(whole, whole, Scale.none(1)).bake(site, 1, Shapes.ALGEBRA, Profiles.EXACT))
        .isInstanceOf(ShapeMismatch.class)
        .hasMessageContaining("[2, 2]")
        .hasMessageContaining("[6, 4]");
    assertThatThrownBy(() ->
            new Oft<>(Shape.of(2, 2, 2), null, 0, false)
                .bake(site, 1, Shapes.ALGEBRA, Profiles.EXACT))
        .isInstanceOf(ShapeMismatch.class)
        .hasMessageContaining("[2, 2, 2]")
        .hasMessageContaining("[6, 4]");
    assertThatThrownBy(
            () -> new Ia3<>(Shape.of(5), true).bake(site, 1, Shapes.ALGEBRA, Profiles.EXACT))
        .isInstanceOf(ShapeMismatch.class)
        .hasMessageContaining("5 factors");
  }

  private static void near(double[] got, double... want) {
    assertThat(got).hasSize(want.length);
    for (int i = 0; i < want.length; i++) {
      assertThat(got[i]).isCloseTo(want[i], within(2e-6 * Math.max(1, Math.abs(want[i]))));
    }
  }
}
