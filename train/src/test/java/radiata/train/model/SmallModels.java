package radiata.train.model;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import radiata.safetensors.DType;
import radiata.safetensors.Header;
import radiata.safetensors.Replace;
import radiata.safetensors.SafetensorsWriter;
import radiata.safetensors.Shape;
import radiata.safetensors.TensorInfo;
import radiata.safetensors.TensorSpec;

/// Files with all tensors of real checkpoints, narrower.
final class SmallModels {
  static final Path TESTDATA = Path.of(System.getProperty("radiata.testdata"));

  /// A tenth of every width of a UNet and of bigG, and what fits to it elsewhere.
  private static final Map<Long, Long> NARROW =
      Map.ofEntries(
          Map.entry(128L, 32L),
          Map.entry(256L, 32L),
          Map.entry(512L, 32L),
          Map.entry(768L, 64L),
          Map.entry(1024L, 128L),
          Map.entry(2048L, 64L + 128),
          Map.entry(2816L, 128L + 6 * 256),
          Map.entry(3072L, 256L),
          Map.entry(49408L, 512L));

  private SmallModels() {}

  /// The tensors of a list of keys and shapes.
  static List<TensorSpec> list(String file) throws IOException {
    List<TensorSpec> specs = new ArrayList<>();
    for (String line : Files.readAllLines(TESTDATA.resolve("real/keys").resolve(file))) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] row = line.split("\t", -1);
        long[] shape =
            JsonParser.parseString(row[1]).getAsJsonArray().asList().stream()
                .mapToLong(JsonElement::getAsLong)
                .toArray();
        DType dtype = row[2].startsWith("int") ? DType.I64 : DType.F16;
        specs.add(new TensorSpec(row[0], dtype, Shape.of(shape)));
      }
    }
    return specs;
  }

  /// What Stable Diffusion 2 has, made of lists of its neighbours: linear layers around attention,
  /// texts of 1024, a text encoder of OpenCLIP with 24 layers.
  static List<TensorSpec> sd2() throws IOException {
    List<TensorSpec> specs = new ArrayList<>();
    for (TensorSpec spec : list("sdmecha__sd1-ldm.tsv")) {
      String name = spec.name();
      long[] dims = spec.shape().dims();
      if (name.startsWith("model.diffusion_model.")
          && name.matches(".*\\.proj_(in|out)\\.weight")) {
        specs.add(new TensorSpec(name, spec.dtype(), Shape.of(dims[0], dims[1])));
      } else if (name.matches(".*\\.attn2\\.to_[kv]\\.weight")) {
        specs.add(new TensorSpec(name, spec.dtype(), Shape.of(dims[0], 1024)));
      } else if (!name.startsWith("cond_stage_model.")) {
        specs.add(spec);
      }
    }
    String bigG = "conditioner.embedders.1.model.";
    for (TensorSpec spec : list("sdmecha__sdxl-sgm.tsv")) {
      if (spec.name().startsWith(bigG) && !spec.name().matches(".*resblocks\\.(2[4-9]|3.)\\..*")) {
        String name = spec.name().replace(bigG, "cond_stage_model.model.");
        specs.add(new TensorSpec(name, spec.dtype(), spec.shape()));
      }
    }
    return specs;
  }

  static List<TensorSpec> narrow(List<TensorSpec> specs) {
    List<TensorSpec> narrow = new ArrayList<>();
    for (TensorSpec spec : specs) {
      long[] dims = spec.shape().dims();
      for (int i = 0; i < dims.length; i++) {
        long tenth = dims[i] % 320 == 0 ? dims[i] / 10 : dims[i];
        dims[i] = NARROW.getOrDefault(dims[i], tenth);
      }
      narrow.add(new TensorSpec(spec.name(), spec.dtype(), Shape.of(dims)));
    }
    return narrow;
  }

  /// A file of small random numbers in float16; integers are 0.
  static Path write(Path file, List<TensorSpec> specs) throws IOException {
    Header header = Header.canonical(specs, Map.of());
    Random random = new Random(11);
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, header, Replace.FORCE)) {
      for (TensorInfo tensor : header.tensors()) {
        byte[] bytes = new byte[(int) tensor.bytes()];
        if (tensor.dtype() == DType.F16) {
          random.nextBytes(bytes);
          for (int i = 1; i < bytes.length; i += 2) {
            // From 1/32 to 1/16 and the negatives.
            bytes[i] = (byte) ((bytes[i] & 0x83) | 0x28);
          }
        }
        writer.write(tensor, 0, MemorySegment.ofArray(bytes));
      }
      writer.commit();
    }
    return file;
  }

  /// A tensor in float32.
  record Values(Shape shape, float[] values) {}

  static Path write(Path file, Map<String, Values> tensors) throws IOException {
    List<TensorSpec> specs = new ArrayList<>();
    tensors.forEach((name, tensor) -> specs.add(new TensorSpec(name, DType.F32, tensor.shape())));
    Header header = Header.canonical(specs, Map.of());
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, header, Replace.FORCE)) {
      for (TensorInfo tensor : header.tensors()) {
        float[] values = tensors.get(tensor.name()).values();
        writer.write(tensor, 0, MemorySegment.ofArray(values));
      }
      writer.commit();
    }
    return file;
  }

  /// A file of zeros, of which only the header takes room on the disk.
  static Path hollow(Path file, List<TensorSpec> specs) throws IOException {
    Header header = Header.canonical(specs, Map.of());
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.write(header.bytes());
      out.setLength(header.fileBytes());
    }
    return file;
  }
}
