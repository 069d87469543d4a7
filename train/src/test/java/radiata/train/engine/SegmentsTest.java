package radiata.train.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import radiata.safetensors.DType;

final class SegmentsTest {
  private final Torch torch = Torch.on(Device.CPU);

  @Test
  void anInputMadeBetweenPartsHandsItsGradientOn() {
    try (Scope _ = Scope.open();
        Gradients.Pause _ = Gradients.record()) {
      Tensor x = torch.full(3, DType.F32, 1).trained();
      Segments segments = new Segments.Recomputed();
      Tensor between = x.times(2);
      assertThat(between.isTrained()).isTrue();
      assertThat(between.detached().isTrained()).isFalse();
      Tensor y = segments.run(List.of(between), in -> in.getFirst().square());
      segments.backward(y.sum());
      assertThat(x.gradient().orElseThrow().floats()).containsExactly(24);
    }
  }

  @Test
  void aPartWithNothingTrainedIsPassedOver() {
    try (Scope _ = Scope.open();
        Gradients.Pause _ = Gradients.record()) {
      Tensor x = torch.full(3, DType.F32, 1).trained();
      Tensor frozen = torch.full(5, DType.F32, 1);
      Segments segments = new Segments.Recomputed();
      Tensor first = segments.run(List.of(frozen), in -> in.getFirst().square());
      Tensor y = segments.run(List.of(first, x), in -> in.get(0).times(in.get(1)));
      segments.backward(y.sum());
      assertThat(x.gradient().orElseThrow().floats()).containsExactly(25);
    }
  }
}
