package radiata.adapter.file;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import radiata.safetensors.DType;

/// A safetensors file built by hand, for adapters that no tool would write.
final class TensorBytes {
  private final List<String> entries = new ArrayList<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();

  /// A tensor of F32 zeros.
  TensorBytes zeros(String name, long... shape) {
    int elements = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    return raw(name, DType.F32, new byte[4 * elements], shape);
  }

  TensorBytes alpha(String name, float value) {
    return raw(name, DType.F32, little(4).putFloat(value).array());
  }

  TensorBytes raw(String name, DType dtype, byte[] bytes, long... shape) {
    entries.add(
        "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
            .formatted(
                name, dtype, Arrays.toString(shape), data.size(), data.size() + bytes.length));
    data.writeBytes(bytes);
    return this;
  }

  /// `lora_up.weight` and `lora_down.weight` of rank 2 for a weight `[out, in]`.
  TensorBytes pair(String module, long out, long in) {
    return zeros(module + ".lora_up.weight", out, 2).zeros(module + ".lora_down.weight", 2, in);
  }

  TensorBytes peft(String module, long out, long in) {
    return zeros(module + ".lora_A.weight", 2, in).zeros(module + ".lora_B.weight", out, 2);
  }

  /// @param value without quotes and backslashes, or with them escaped
  TensorBytes metadata(String key, String value) {
    metadata.put(key, value);
    return this;
  }

  Path write(Path file) throws IOException {
    List<String> all = new ArrayList<>();
    if (!metadata.isEmpty()) {
      List<String> pairs = new ArrayList<>();
      metadata.forEach((key, value) -> pairs.add("\"%s\":\"%s\"".formatted(key, value)));
      all.add("\"__metadata__\":{" + String.join(",", pairs) + "}");
    }
    all.addAll(entries);
    byte[] header = ("{" + String.join(",", all) + "}").getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = little(8 + header.length + data.size());
    bytes.putLong(header.length).put(header).put(data.toByteArray());
    return Files.write(file, bytes.array());
  }

  static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
