package radiata.safetensors;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Small outputs for tests of the writers, each recognisable by one byte that fills its tensors.
final class Outputs {
  private Outputs() {}

  static TensorSpec spec(String name, DType dtype, long... dims) {
    return new TensorSpec(name, dtype, Shape.of(dims));
  }

  static Header header(int bytes) {
    return Header.canonical(
        List.of(spec("a", DType.U8, bytes), spec("b", DType.F16, 3)), Map.of("format", "pt"));
  }

  static MemorySegment bytes(TensorInfo tensor, int fill) {
    byte[] bytes = new byte[Math.toIntExact(tensor.bytes())];
    Arrays.fill(bytes, (byte) fill);
    return MemorySegment.ofArray(bytes);
  }

  static void write(Path target, Header header, int fill, Replace replace) throws IOException {
    try (SafetensorsWriter writer = SafetensorsWriter.create(target, header, replace)) {
      for (TensorInfo tensor : header.tensors()) {
        writer.write(tensor, 0, bytes(tensor, fill));
      }
      writer.commit();
    }
  }

  /// Two shards, one of them in a folder of its own, and a text.
  static OutputPlan folder(int bytes, String text) {
    return new OutputPlan(
        true,
        List.of(
            new OutputPlan.OutputFile(Path.of("model.safetensors"), header(bytes)),
            new OutputPlan.OutputFile(Path.of("unet/model.safetensors"), header(bytes))),
        List.of(),
        List.of(new OutputPlan.GeneratedFile(Path.of("config.json"), text)));
  }

  static void writeFolder(Path target, OutputPlan plan, int fill, Replace replace)
      throws IOException {
    try (CheckpointWriter writer = CheckpointWriter.create(target, plan, replace)) {
      for (int file = 0; file < plan.files().size(); file++) {
        for (TensorInfo tensor : plan.files().get(file).header().tensors()) {
          writer.write(file, tensor, 0, bytes(tensor, fill));
        }
      }
      writer.commit();
    }
  }

  /// The byte that fills the file, or -1 if it is not whole.
  static int fill(Path file) throws IOException {
    try (SafetensorsFile open = SafetensorsFile.open(file)) {
      int fill = -2;
      for (TensorInfo tensor : open.tensors()) {
        for (byte b : read(open, tensor)) {
          fill = fill == -2 || fill == b ? b : -1;
        }
      }
      return fill;
    }
  }

  static byte[] read(TensorFile file, TensorInfo tensor) throws IOException {
    byte[] bytes = new byte[Math.toIntExact(tensor.bytes())];
    file.read(tensor, 0, MemorySegment.ofArray(bytes));
    return bytes;
  }

  /// The names in a folder, sorted.
  static List<String> names(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<Path> realFiles() throws IOException {
    Path folder = Path.of(System.getProperty("radiata.testdata"), "real/files");
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".safetensors")).sorted().toList();
    }
  }
}
