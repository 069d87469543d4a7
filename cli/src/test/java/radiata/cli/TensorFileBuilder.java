package radiata.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/// Writes small safetensors files byte by byte, sound or not, without the code under test.
final class TensorFileBuilder {
  private final JsonObject header = new JsonObject();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();
  private int padding = 8;

  TensorFileBuilder metadata(String key, String value) {
    if (!header.has("__metadata__")) {
      header.add("__metadata__", new JsonObject());
    }
    header.getAsJsonObject("__metadata__").addProperty(key, value);
    return this;
  }

  /// The header ends at any byte instead of at a multiple of eight.
  TensorFileBuilder unpadded() {
    padding = 1;
    return this;
  }

  TensorFileBuilder f32(String name, long[] shape, double... values) {
    return tensor(
        name, "F32", shape, 4, values, (bytes, value) -> bytes.putFloat((float) value));
  }

  TensorFileBuilder f64(String name, long[] shape, double... values) {
    return tensor(name, "F64", shape, 8, values, ByteBuffer::putDouble);
  }

  TensorFileBuilder f16(String name, long[] shape, double... values) {
    return tensor(
        name,
        "F16",
        shape,
        2,
        values,
        (bytes, value) -> bytes.putShort(Float.floatToFloat16((float) value)));
  }

  TensorFileBuilder i64(String name, long[] shape, double... values) {
    return tensor(name, "I64", shape, 8, values, (bytes, value) -> bytes.putLong((long) value));
  }

  TensorFileBuilder raw(String name, String dtype, long[] shape, int... bytes) {
    double[] values = new double[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      values[i] = bytes[i];
    }
    return tensor(name, dtype, shape, 1, values, (into, value) -> into.put((byte) value));
  }

  private interface Put {
    ByteBuffer into(ByteBuffer bytes, double value);
  }

  private TensorFileBuilder tensor(
      String name, String dtype, long[] shape, int width, double[] values, Put put) {
    JsonArray dims = new JsonArray();
    for (long dim : shape) {
      dims.add(dim);
    }
    JsonArray offsets = new JsonArray();
    offsets.add(data.size());
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * width).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      put.into(bytes, value);
    }
    data.writeBytes(bytes.array());
    offsets.add(data.size());
    JsonObject entry = new JsonObject();
    entry.addProperty("dtype", dtype);
    entry.add("shape", dims);
    entry.add("data_offsets", offsets);
    header.add(name, entry);
    return this;
  }

  Path write(Path file) throws IOException {
    return write(file, UnaryOperator.identity());
  }

  /// @param edit what is done to the text of the header before it is written
  Path write(Path file, UnaryOperator<String> edit) throws IOException {
    byte[] text = edit.apply(header.toString()).getBytes(StandardCharsets.UTF_8);
    int length = Math.ceilDiv(text.length, padding) * padding;
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + length + data.size()).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(length).put(text);
    while (bytes.position() < 8 + length) {
      bytes.put((byte) ' ');
    }
    bytes.put(data.toByteArray());
    return Files.write(file, bytes.array());
  }

  static long[] shape(long... dims) {
    return dims;
  }
}
