package radiata.bake;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import radiata.safetensors.Checkpoint;
import radiata.safetensors.Checkpoint.Stored;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Limits;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsWriter;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;
import radiata.safetensors.convert.Narrow;
import radiata.safetensors.convert.Widen;

/// Tensors and their values, for the files of tests.
record Values(List<TensorSpec> specs, Map<String, double[]> numbers) {
  Values() {
    this(new ArrayList<>(), new HashMap<>());
  }

  void add(String name, DType dtype, Shape shape, double... values) {
    specs.add(new TensorSpec(name, dtype, shape));
    numbers.put(name, values);
  }

  void write(Path file) throws IOException {
    Header header = Header.canonical(specs, Map.of());
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, header, Replace.FORCE)) {
      for (TensorInfo tensor : header.tensors()) {
        byte[] bytes = new byte[(int) tensor.bytes()];
        double[] values = numbers.get(tensor.name());
        if (tensor.dtype() == DType.I64) {
          ByteBuffer whole = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
          for (double value : values) {
            whole.putLong((long) value);
          }
        } else {
          Narrow.fromDoubles(
              values, 0, values.length, tensor.dtype(), MemorySegment.ofArray(bytes), 0);
        }
        writer.write(tensor, 0, MemorySegment.ofArray(bytes));
      }
      writer.commit();
    }
  }

  /// Every floating tensor of a model as doubles.
  static Map<String, double[]> read(Path model) throws IOException {
    Map<String, double[]> all = new TreeMap<>();
    try (Checkpoint checkpoint = Checkpoint.open(model, Limits.DEFAULT)) {
      for (Stored stored : checkpoint.tensors()) {
        if (!stored.info().dtype().computable()) {
          continue;
        }
        byte[] bytes = new byte[(int) stored.info().bytes()];
        stored.part().file().read(stored.info(), 0, MemorySegment.ofArray(bytes));
        double[] values = new double[(int) stored.info().shape().elements()];
        Widen.toDoubles(
            MemorySegment.ofArray(bytes), 0, stored.info().dtype(), values, 0, values.length);
        all.put(stored.name(), values);
      }
    }
    return all;
  }
}
