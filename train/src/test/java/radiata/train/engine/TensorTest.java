package radiata.train.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import radiata.safetensors.DType;
import radiata.safetensors.Shape;

final class TensorTest {
  private final Torch torch = Torch.on(Device.CPU);
  private Scope scope;

  @BeforeEach
  void open() {
    scope = Scope.open();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private Tensor random(long seed, long... shape) {
    Random random = new Random(seed);
    double[] values = new double[(int) Shape.of(shape).elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextGaussian();
    }
    return torch.of(values, shape);
  }

  @Test
  void operationsThatJavaWroteForLibtorchGiveWhatTheirDefinitionSays() {
    Tensor x = torch.of(new double[] {-1, 0, 2}, 3);
    assertThat(x.silu().doubles())
        .containsExactly(
            new double[] {-1 / (1 + Math.E), 0, 2 / (1 + Math.exp(-2))}, within(1e-12));
    assertThat(x.quickGelu().doubles()[2]).isCloseTo(2 / (1 + Math.exp(-3.404)), within(1e-12));
    Tensor ones = torch.full(1, DType.F64, 3);
    assertThat(x.rmsNorm(ones, 0).doubles()[0]).isCloseTo(-1 / Math.sqrt(5.0 / 3), within(1e-12));
  }

  @Test
  void aMultipleKeepsItsGradientThroughAGarbageCollection() {
    for (int round = 0; round < 20; round++) {
      try (Scope _ = Scope.open();
          Gradients.Pause _ = Gradients.record()) {
        Tensor x = torch.of(new float[] {1, 2}, 2).trained();
        Tensor loss = x.times(3.0).sum();
        System.gc();
        for (int i = 0; i < 2000; i++) {
          java.nio.ByteBuffer.allocateDirect(8).putDouble(12345);
        }
        loss.backward();
        assertThat(x.gradient().orElseThrow().floats()).containsExactly(3, 3);
      }
    }
  }

  @Test
  void bfloat16GoesThereAndBackAndItsGradientToo() {
    try (Gradients.Pause _ = Gradients.record()) {
      Tensor x = torch.of(new float[] {1.0039062f, -2}, 2).trained();
      Tensor narrow = x.cast(DType.BF16);
      assertThat(narrow.dtype()).isEqualTo(DType.BF16);
      assertThat(narrow.floats()).containsExactly(1, -2);
      narrow.times(narrow).cast(DType.F32).sum().backward();
      assertThat(x.gradient().orElseThrow().floats()).containsExactly(2, -4);
    }
  }

  @Test
  void mergedNormsAndAdamwTakeListsOfTensors() {
    List<Tensor> tensors = List.of(torch.of(new float[] {3, 4}, 2), torch.of(new float[] {12}, 1));
    assertThat(Scripted.run("norms", Scripted.values(tensors)).doubles()).containsExactly(5, 12);
  }

  @Test
  void aScopeFreesWhatItOwnsAndKeepsWhatIsHandedOn() {
    int before = Scope.owned();
    Tensor kept;
    Tensor lost;
    try (Scope inner = Scope.open()) {
      lost = random(1, 4, 4);
      kept = inner.keep(lost.plus(lost));
    }
    assertThat(Scope.owned()).isEqualTo(before + 1);
    assertThat(kept.doubles()).hasSize(16);
    org.assertj.core.api.Assertions.assertThatThrownBy(lost::shape)
        .isInstanceOf(IllegalStateException.class);
  }
}
