package radiata.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import radiata.names.Role;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.Shape;
import radiata.train.engine.Device;
import radiata.train.engine.Gradients;
import radiata.train.engine.Scope;
import radiata.train.engine.Segments;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;

final class UnetTest {
  private static final Path MODEL = SmallModels.TESTDATA.resolve("golden/train/sd1-pipeline");

  private final Torch torch = Torch.on(Device.CPU);

  private Tensor random(long seed, long... shape) {
    Random random = new Random(seed);
    float[] values = new float[(int) Shape.of(shape).elements()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return torch.of(values, shape);
  }

  private List<float[]> gradients(DiffusionModel model, Segments segments) {
    try (Scope _ = Scope.open()) {
      Unet unet = model.unet(DType.F32);
      try (Gradients.Pause _ = Gradients.record()) {
        Tensor sample = random(1, 2, 4, 9, 8).trained();
        Tensor context = random(2, 2, 7, 20).trained();
        UnetInput input = new UnetInput(sample, torch.of(new long[] {3, 900}, 2), context);
        Tensor out = unet.forward(input, segments, Unet.UNWATCHED);
        segments.backward(out.square().mean());
        List<float[]> all = new ArrayList<>();
        all.add(out.floats());
        all.add(sample.gradient().orElseThrow().floats());
        all.add(context.gradient().orElseThrow().floats());
        return all;
      }
    }
  }

  @Test
  void recomputedPartsGiveTheSameGradientsBitByBit() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(MODEL, Limits.DEFAULT);
        DiffusionModel model = DiffusionModel.of(checkpoint, torch)) {
      List<float[]> plain = gradients(model, Segments.PLAIN);
      List<float[]> recomputed = gradients(model, new Segments.Recomputed());
      for (int i = 0; i < plain.size(); i++) {
        assertThat(recomputed.get(i)).containsExactly(plain.get(i));
        assertThat(plain.get(i)).isNotEqualTo(new float[plain.get(i).length]);
      }
    }
  }

  /// The base weights of a training run may be in bfloat16.
  @Test
  void inBfloat16ItPredictsAboutTheSame() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(MODEL, Limits.DEFAULT);
        DiffusionModel model = DiffusionModel.of(checkpoint, torch);
        Scope _ = Scope.open()) {
      UnetInput input =
          new UnetInput(random(1, 1, 4, 8, 8), torch.of(new long[] {3}, 1), random(2, 1, 7, 20));
      Tensor narrow = model.unet(DType.BF16).forward(input, Segments.PLAIN, Unet.UNWATCHED);
      assertThat(narrow.dtype()).isEqualTo(DType.BF16);
      Tensor wide = model.unet(DType.F32).forward(input, Segments.PLAIN, Unet.UNWATCHED);
      double far = narrow.cast(DType.F32).minus(wide).square().mean().number();
      assertThat(far).isPositive().isLessThan(1e-3 * wide.square().mean().number());
    }
  }

  @Test
  void theTextEncoderToo() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(MODEL, Limits.DEFAULT);
        DiffusionModel model = DiffusionModel.of(checkpoint, torch);
        Scope _ = Scope.open()) {
      List<float[]> biases = new ArrayList<>();
      for (Segments segments : List.of(Segments.PLAIN, new Segments.Recomputed())) {
        ClipText text = model.text(Role.TEXT_ENCODER, DType.F32);
        try (Gradients.Pause _ = Gradients.record()) {
          Tensor weight =
              text.layers()
                  .projections()
                  .get("text_model.encoder.layers.1.mlp.fc1")
                  .weight()
                  .trained();
          ClipText.States states =
              text.forward(torch.of(new long[] {998, 5, 7, 999}, 1, 4), segments);
          segments.backward(states.last().square().mean());
          biases.add(weight.gradient().orElseThrow().floats());
        }
      }
      assertThat(biases.get(1)).containsExactly(biases.get(0));
    }
  }

  @Test
  void forwardLeavesNothingBehindButItsParts() throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(MODEL, Limits.DEFAULT);
        DiffusionModel model = DiffusionModel.of(checkpoint, torch);
        Scope _ = Scope.open()) {
      Unet unet = model.unet(DType.F32);
      UnetInput input =
          new UnetInput(random(1, 1, 4, 8, 8), torch.of(new long[] {3}, 1), random(2, 1, 7, 20));
      int before = Scope.owned();
      unet.forward(input, Segments.PLAIN, Unet.UNWATCHED);
      int parts = Scope.owned() - before;
      assertThat(parts).isBetween(50, 100);
    }
  }
}
