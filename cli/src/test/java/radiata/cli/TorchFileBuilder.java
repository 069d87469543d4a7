package radiata.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import radiata.safetensors.DType;
import radiata.safetensors.SafetensorsFile;
import radiata.safetensors.TensorInfo;

/// Writes the tensors of a safetensors file as torch.save would, as a zip archive or in the old
/// format.
final class TorchFileBuilder {
  private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();

  private TorchFileBuilder() {}

  /// A zip archive, `{"state_dict": {...}, "epoch": 7}`.
  static Path checkpoint(Path safetensors, Path file) throws IOException {
    try (SafetensorsFile tensors = SafetensorsFile.open(safetensors);
        ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      TorchFileBuilder builder = new TorchFileBuilder();
      builder.op("\u0080\2}").text("epoch").op("K\7s").text("state_dict");
      entry(zip, "archive/data.pkl", builder.dict(tensors).op("s.").pickle.toByteArray());
      List<TensorInfo> all = tensors.tensors();
      for (int i = 0; i < all.size(); i++) {
        entry(zip, "archive/data/" + i, bytes(tensors, all.get(i)));
      }
      entry(zip, "archive/version", "3\n".getBytes(StandardCharsets.US_ASCII));
    }
    return file;
  }

  /// The old stream of five pickles, `{...}`.
  static Path legacy(Path safetensors, Path file) throws IOException {
    try (SafetensorsFile tensors = SafetensorsFile.open(safetensors);
        OutputStream out = Files.newOutputStream(file)) {
      TorchFileBuilder builder = new TorchFileBuilder();
      builder.op("\u0080\2\u008a\12l\u00fc\u009cF\u00f9 j\u00a8P\31.");
      builder.op("\u0080\2M\u00e9\3.").op("\u0080\2}.").op("\u0080\2").dict(tensors).op(".");
      builder.op("\u0080\2](");
      List<TensorInfo> all = tensors.tensors();
      for (int i = 0; i < all.size(); i++) {
        builder.text(String.valueOf(i));
      }
      out.write(builder.op("e.").pickle.toByteArray());
      for (TensorInfo tensor : all) {
        out.write(little(tensor.shape().elements(), 8));
        out.write(bytes(tensors, tensor));
      }
    }
    return file;
  }

  private TorchFileBuilder dict(SafetensorsFile tensors) {
    op("}(");
    List<TensorInfo> all = tensors.tensors();
    for (int i = 0; i < all.size(); i++) {
      TensorInfo tensor = all.get(i);
      text(tensor.name()).op("ctorch._utils\n_rebuild_tensor_v2\n((").text("storage");
      op("ctorch\n" + storage(tensor.dtype()) + "\n").text(String.valueOf(i)).text("cpu");
      number(tensor.shape().elements()).op("tQK\0(");
      int rank = tensor.shape().rank();
      for (int axis = 0; axis < rank; axis++) {
        number(tensor.shape().dim(axis));
      }
      op("t(");
      for (int axis = 0; axis < rank; axis++) {
        long stride = 1;
        for (int inner = axis + 1; inner < rank; inner++) {
          stride *= tensor.shape().dim(inner);
        }
        number(stride);
      }
      op("t\u0089ccollections\nOrderedDict\n)RtR");
    }
    return op("u");
  }

  private static String storage(DType dtype) {
    return switch (dtype) {
      case F32 -> "FloatStorage";
      case F16 -> "HalfStorage";
      case BF16 -> "BFloat16Storage";
      case I64 -> "LongStorage";
      default -> throw new IllegalArgumentException(dtype.toString());
    };
  }

  private TorchFileBuilder op(String latin1) {
    pickle.writeBytes(latin1.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  private TorchFileBuilder text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    op("X").pickle.writeBytes(little(bytes.length, 4));
    pickle.writeBytes(bytes);
    return this;
  }

  private TorchFileBuilder number(long value) {
    op("\u008a\10").pickle.writeBytes(little(value, 8));
    return this;
  }

  private static byte[] little(long value, int bytes) {
    byte[] all = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    return java.util.Arrays.copyOf(all, bytes);
  }

  private static byte[] bytes(SafetensorsFile file, TensorInfo tensor) throws IOException {
    byte[] bytes = new byte[(int) tensor.bytes()];
    file.read(tensor, 0, MemorySegment.ofArray(bytes));
    return bytes;
  }

  private static void entry(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    CRC32 crc = new CRC32();
    crc.update(bytes);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(bytes.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }
}
