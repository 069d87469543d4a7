package radiata.cli.demo;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import radiata.pipeline.Workers;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.DType;
import radiata.safetensors.Limits;
import radiata.safetensors.convert.Narrow;

/// A baked LoRA done again in the shortest way there is, to hold the program's result to: `W + up ·
/// down` in doubles, rounded once to fp16, at the places that a list of modules made by others
/// names. Neither the program's names nor its arithmetic are used.
public final class LoraByHand {
  /// What a float32 sum may lose against the exact one, relative to `|W| + |up · down|`.
  private static final double FLOAT_LOSS = 0x1p-21;

  private static final Limits LIMITS = Limits.DEFAULT;

  /// A module of the adapter and the tensor it changes.
  ///
  /// @param module as diffusers names it: `down_blocks.0.….attn1.to_q`
  /// @param tensor as the checkpoint names it
  public record Place(String module, String tensor, int rows, int columns) {
    /// `down` or `up` of this module, as diffusers' attention processors stored it until 2023.
    String factor(String which) {
      int dot = module.indexOf(".to_") + 1;
      String layer = module.substring(dot).replace(".0", "");
      return "%sprocessor.%s_lora.%s.weight".formatted(module.substring(0, dot), layer, which);
    }
  }

  /// How the baked numbers compare.
  ///
  /// @param equal how many are the same fp16 number
  /// @param beyond how many are farther away than one step of fp16, and than float32 sums explain
  public record Outcome(int tensors, long elements, long equal, long beyond) {
    private Outcome plus(Outcome other) {
      return new Outcome(
          tensors + other.tensors,
          elements + other.elements,
          equal + other.equal,
          beyond + other.beyond);
    }
  }

  private LoraByHand() {}

  /// Reads lines of module, tensor and shape between tabs; those that start with `#` are left out.
  ///
  /// @throws FileSystemException if a line is something else
  public static List<Place> places(Path list) throws IOException {
    List<Place> places = new ArrayList<>();
    for (String line : Files.readAllLines(list)) {
      if (line.startsWith("#")) {
        continue;
      }
      String[] columns = line.split("[\t,]", -1);
      try {
        places.add(
            new Place(
                columns[0],
                columns[1],
                Integer.parseInt(columns[2].replace("[", "").strip()),
                Integer.parseInt(columns[3].replace("]", "").strip())));
      } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
        throw new FileSystemException(
            list.toString(), null, "expected module, tensor and shape, found '" + line + "'");
      }
    }
    return List.copyOf(places);
  }

  /// Recomputes the change of every place and holds it against a bake.
  ///
  /// @param rank of every module; alpha is taken to be the same
  /// @throws radiata.safetensors.SafetensorsException if a tensor is missing or has another shape
  public static Outcome compare(
      List<Place> places, Path base, Path adapter, int rank, Path baked, int threads)
      throws IOException {
    try (Checkpoint before = Checkpoint.open(base, LIMITS);
        Checkpoint factors = Checkpoint.open(adapter, LIMITS);
        Checkpoint after = Checkpoint.open(baked, LIMITS)) {
      Weights from = new Weights(before);
      Weights lora = new Weights(factors);
      Weights to = new Weights(after);
      return Workers.map(
              places,
              threads,
              place ->
                  outcome(
                      place,
                      from.read(place.tensor(), place.rows(), place.columns()),
                      lora.read(place.factor("up"), place.rows(), rank),
                      lora.read(place.factor("down"), rank, place.columns()),
                      to.read(place.tensor(), place.rows(), place.columns())))
          .stream()
          .reduce(new Outcome(0, 0, 0, 0), Outcome::plus);
    }
  }

  private static Outcome outcome(
      Place place, float[] weight, float[] up, float[] down, float[] baked) {
    int rank = up.length / place.rows();
    int columns = place.columns();
    long equal = 0;
    long beyond = 0;
    for (int i = 0; i < weight.length; i++) {
      double delta = 0;
      for (int k = 0; k < rank; k++) {
        delta += (double) up[i / columns * rank + k] * down[k * columns + i % columns];
      }
      double exact = weight[i] + delta;
      if (Narrow.round(exact, DType.F16) == baked[i]) {
        equal++;
      } else if (!near(baked[i], exact, Math.abs(weight[i]) + Math.abs(delta))) {
        beyond++;
      }
    }
    return new Outcome(1, weight.length, equal, beyond);
  }

  private static boolean near(float baked, double exact, double size) {
    int steps = step(Float.floatToFloat16(baked)) - step(Float.floatToFloat16((float) exact));
    return Float.isFinite(baked)
        && (Math.abs(steps) <= 1 || Math.abs(baked - exact) <= FLOAT_LOSS * size);
  }

  /// fp16 numbers counted from 0 upwards and downwards.
  private static int step(short half) {
    int size = half & 0x7FFF;
    return half < 0 ? -size : size;
  }
}
