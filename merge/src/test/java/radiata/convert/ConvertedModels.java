package radiata.convert;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
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

/// Models with the names, and where it matters the shapes, of real ones, for tests of conversions.
final class ConvertedModels {
  static final Path KEYS = Path.of(System.getProperty("radiata.testdata"), "real/keys");

  private ConvertedModels() {}

  /// The tensors of a list of keys and shapes.
  ///
  /// @param divisor what every dimension that it divides is divided by
  static List<TensorSpec> list(String file, DType floating, long divisor) throws IOException {
    List<TensorSpec> specs = new ArrayList<>();
    for (String line : Files.readAllLines(KEYS.resolve(file))) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] row = line.split("\t", -1);
        DType dtype =
            switch (row[2]) {
              case "int64" -> DType.I64;
              case "int32" -> DType.I32;
              default -> floating;
            };
        JsonArray dims = JsonParser.parseString(row[1]).getAsJsonArray();
        long[] shape =
            dims.asList().stream()
                .mapToLong(JsonElement::getAsLong)
                .map(dim -> dim % divisor == 0 ? dim / divisor : dim)
                .toArray();
        specs.add(new TensorSpec(row[0], dtype, Shape.of(shape)));
      }
    }
    return specs;
  }

  /// A map of ai-toolkit between the names of LDM and diffusers.
  static JsonObject keymap(String model) throws IOException {
    String text = Files.readString(KEYS.resolve("aitoolkit__keymap_" + model + ".json"));
    return JsonParser.parseString(text).getAsJsonObject();
  }

  /// The LDM side of such a map, small: the map has no shapes.
  static List<TensorSpec> small(JsonObject keymap, DType floating) {
    List<TensorSpec> specs = new ArrayList<>();
    JsonObject reshaped = keymap.getAsJsonObject("ldm_diffusers_shape_map");
    for (String name : keymap.getAsJsonObject("ldm_diffusers_keymap").keySet()) {
      specs.add(new TensorSpec(name, floating, small(name, reshaped.has(name))));
    }
    for (String name : keymap.getAsJsonObject("ldm_diffusers_operator_map").keySet()) {
      Shape shape = name.endsWith("bias") ? Shape.of(12) : Shape.of(12, 4);
      specs.add(new TensorSpec(name, floating, shape));
    }
    return specs;
  }

  private static Shape small(String name, boolean pointwise) {
    if (pointwise) {
      return Shape.of(4, 4, 1, 1);
    }
    boolean vector = name.endsWith(".bias") || name.contains("norm") || name.contains("ln_");
    boolean convolution = name.matches(".*(conv|block|layers|out|down|up)[^a-z]*.weight");
    return vector ? Shape.of(4) : convolution ? Shape.of(4, 4, 1, 1) : Shape.of(4, 4);
  }

  /// A file of zeros, of which only the header takes room on the disk.
  static Path hollow(Path file, List<TensorSpec> specs) throws IOException {
    return hollow(file, Header.canonical(specs, Map.of()));
  }

  static Path hollow(Path file, Header header) throws IOException {
    Files.createDirectories(file.resolveSibling(""));
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.write(header.bytes());
      out.setLength(header.fileBytes());
    }
    return file;
  }

  /// A file of random bits; those of 16 bits and more are finite numbers between 1 and 2 and their
  /// negatives.
  static Path random(Path file, List<TensorSpec> specs, Map<String, String> metadata)
      throws IOException {
    Header header = Header.canonical(specs, metadata);
    Random random = new Random(7);
    try (SafetensorsWriter writer = SafetensorsWriter.create(file, header, Replace.FORCE)) {
      for (TensorInfo tensor : header.tensors()) {
        byte[] bytes = new byte[(int) tensor.bytes()];
        random.nextBytes(bytes);
        int width = tensor.dtype().bytes();
        for (int last = width - 1;
            tensor.dtype().computable() && last < bytes.length;
            last += width) {
          bytes[last] = (byte) (0x3F | (bytes[last] & 0x80));
        }
        writer.write(tensor, 0, MemorySegment.ofArray(bytes));
      }
      writer.commit();
    }
    return file;
  }

  static Checkpoint open(Path path) throws IOException {
    return Checkpoint.open(path, Limits.DEFAULT);
  }

  /// Converts and says what the plan was.
  static ConversionPlan convert(Path from, ConversionRequest request, Path to, int threads)
      throws IOException {
    try (Checkpoint input = open(from)) {
      ConversionPlan plan = CheckpointConversion.plan(input, request, to);
      CheckpointConversion.run(plan, to, Replace.REFUSE, threads, bytes -> {});
      return plan;
    }
  }

  /// Every tensor of a model, by component and name, as dtype, shape and bytes.
  static Map<String, String> contents(Path model) throws IOException {
    Map<String, String> all = new TreeMap<>();
    try (Checkpoint checkpoint = open(model)) {
      for (Stored stored : checkpoint.tensors()) {
        byte[] bytes = new byte[(int) stored.info().bytes()];
        stored.part().file().read(stored.info(), 0, MemorySegment.ofArray(bytes));
        all.put(
            Sorted.place(stored),
            "%s %s %s"
                .formatted(stored.info().dtype(), stored.info().shape(), Arrays.hashCode(bytes)));
      }
    }
    return all;
  }

  /// The entries that only one of two maps has, or that differ.
  static List<String> differences(Map<String, String> got, Map<String, String> expected) {
    List<String> all = new ArrayList<>();
    got.forEach((name, value) -> {
      if (!value.equals(expected.get(name))) {
        all.add("%s: %s, expected %s".formatted(name, value, expected.get(name)));
      }
    });
    expected.keySet().stream()
        .filter(name -> !got.containsKey(name))
        .forEach(name -> all.add("missing: " + name));
    return all;
  }

  /// Every file below a folder with its bytes.
  static Map<String, String> files(Path folder) throws IOException {
    Map<String, String> all = new TreeMap<>();
    try (var walk = Files.walk(folder)) {
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        all.put(
            folder.relativize(file).toString(),
            Integer.toHexString(Arrays.hashCode(Files.readAllBytes(file))));
      }
    }
    return all;
  }
}
