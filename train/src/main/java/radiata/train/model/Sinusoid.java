package radiata.train.model;

import java.util.List;
import radiata.safetensors.DType;
import radiata.train.engine.Tensor;
import radiata.train.engine.Torch;

/// Numbers as sines and cosines of falling frequencies (diffusers `get_timestep_embedding`), in
/// float32 whatever the network computes in.
///
/// @param width of what it gives, even
/// @param cosineFirst whether the cosines come first
/// @param shift subtracted from the number of frequencies
record Sinusoid(int width, boolean cosineFirst, double shift) {
  /// The waves of some numbers.
  ///
  /// @param numbers `[n]`
  /// @return `[n, width]` in float32
  Tensor of(Torch torch, Tensor numbers) {
    int half = width / 2;
    float[] places = new float[half];
    for (int i = 0; i < half; i++) {
      places[i] = i;
    }
    Tensor falling = torch.of(places, half).times(-Math.log(10_000));
    Tensor frequencies = falling.over(torch.full(half - shift, DType.F32)).exp();
    Tensor angles = numbers.cast(DType.F32).reshape(-1, 1).times(frequencies.reshape(1, half));
    return cosineFirst
        ? Tensor.cat(1, List.of(angles.cos(), angles.sin()))
        : Tensor.cat(1, List.of(angles.sin(), angles.cos()));
  }
}
