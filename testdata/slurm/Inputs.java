import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsWriter;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.convert.Narrow;

/// Two bases of 32 MB and four adapters for them, the same on every machine.
public final class Inputs {
  private static final int LAYERS = 16;
  private static final int WIDTH = 1024;
  private static final int RANK = 32;

  private Inputs() {}

  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    for (int i = 1; i <= 2; i++) {
      List<TensorSpec> base = new ArrayList<>();
      for (int layer = 0; layer < LAYERS; layer++) {
        base.add(spec("layers." + layer + ".proj.weight", WIDTH, WIDTH));
      }
      write(folder.resolve("base" + i + ".safetensors"), base, i);
    }
    for (int i = 1; i <= 4; i++) {
      List<TensorSpec> adapter = new ArrayList<>();
      for (int layer = 0; layer < LAYERS; layer++) {
        String name = "lycoris_layers_" + layer + "_proj.";
        adapter.add(spec(name + "lora_down.weight", RANK, WIDTH));
        adapter.add(spec(name + "lora_up.weight", WIDTH, RANK));
        if (i % 2 == 0) {
          adapter.add(spec(name + "dora_scale", WIDTH, 1));
        }
      }
      write(folder.resolve("adapter" + i + ".safetensors"), adapter, 100 + i);
    }
  }

  private static TensorSpec spec(String name, long... shape) {
    return new TensorSpec(name, DType.F16, Shape.of(shape));
  }

  private static void write(Path file, List<TensorSpec> specs, int seed) throws IOException {
    Header header = Header.canonical(specs, Map.of());
    SplittableRandom random = new SplittableRandom(seed);
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, header, Replace.FORCE)) {
      for (TensorInfo tensor : header.tensors()) {
        double[] values = new double[Math.toIntExact(tensor.shape().elements())];
        for (int i = 0; i < values.length; i++) {
          values[i] = random.nextGaussian() / 16;
        }
        MemorySegment bytes = MemorySegment.ofArray(new byte[Math.toIntExact(tensor.bytes())]);
        Narrow.fromDoubles(values, 0, values.length, tensor.dtype(), bytes, 0);
        writer.write(tensor, 0, bytes);
      }
      writer.commit();
    }
  }
}
