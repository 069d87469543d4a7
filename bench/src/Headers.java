import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import radiata.safetensors.DType;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorSpec;

/// How long it takes to open a file: to read, check and index its header.
final class Headers {
  private static final int TENSORS = 3_000;
  private static final int OPENS = 200;

  private Headers() {}

  static void print(Path place) throws IOException {
    List<TensorSpec> tensors =
        IntStream.range(0, TENSORS)
            .mapToObj(i -> "model.layers.%d.experts.%d.gate_proj.weight".formatted(i / 64, i % 64))
            .map(name -> new TensorSpec(name, DType.F16, Shape.of(8, 4)))
            .toList();
    Path file = Generate.file(place.resolve("header.safetensors"), tensors);
    double[] millis = new double[OPENS];
    for (int i = 0; i < OPENS; i++) {
      long start = System.nanoTime();
      SafetensorsFile.open(file).close();
      millis[i] = (System.nanoTime() - start) / 1e6;
    }
    double first = millis[0];
    Arrays.sort(millis);
    System.out.printf(
        "Opening a file of %,d tensors: %.1f ms the first time in a new JVM, %.2f ms (median of %d)"
            + " later.%n",
        TENSORS, first, millis[OPENS / 2], OPENS);
  }
}
