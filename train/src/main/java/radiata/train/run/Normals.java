package radiata.train.run;

import java.util.random.RandomGenerator;
import radiata.safetensors.Shape;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;

/// Tensors of random numbers that Java draws, so that they are the same on every device.
final class Normals {
  private Normals() {}

  static float[] values(RandomGenerator draws, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) draws.nextGaussian();
    }
    return values;
  }

  static Tensor of(Torch torch, RandomGenerator draws, long... shape) {
    return torch.of(values(draws, Math.toIntExact(Shape.of(shape).elements())), shape);
  }
}
